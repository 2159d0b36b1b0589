# SPDX-License-Identifier: Apache-2.0
"""What system tests share: the server under test, and an Engine that can misbehave."""
