# SPDX-License-Identifier: Apache-2.0
"""One measured figure, beside a peer's from the same run or a limit that was set."""


def beside_limit(name, value, unit, goal, better='lower'):
    """`goal` is what the value must not pass; None: told for information."""
    met = None if goal is None else value <= goal if better == 'lower' else value >= goal
    return {'name': name, 'value': round(value, 3), 'unit': unit, 'better': better, 'peer': None,
            'peer_value': None, 'ratio': None, 'goal': goal, 'met': met}


def beside_peer(name, value, unit, peer, peer_value, goal):
    """Lower is better; `goal` is the ratio that must not be passed; None: told for information."""
    ratio = value / peer_value
    return {'name': name, 'value': round(value, 3), 'unit': unit, 'better': 'lower', 'peer': peer,
            'peer_value': round(peer_value, 3), 'ratio': round(ratio, 3), 'goal': goal,
            'met': None if goal is None else ratio <= goal}


def _row(result):
    is_ratio = result['peer'] is not None
    sign = {'lower': '<=', 'higher': '>='}[result['better']]
    goal = '' if result['goal'] is None else f"{sign} {result['goal']:g}{'' if is_ratio else ' ' + result['unit']}"
    return [result['name'], f"{result['value']:g} {result['unit']}",
            f"{result['peer']}: {result['peer_value']:g} {result['unit']}" if is_ratio else '',
            f"{result['ratio']:.2f}" if is_ratio else '', goal,
            {True: 'yes', False: 'NO', None: ''}[result['met']]]


def table(results):
    rows = [['WHAT', 'SEAWALL', 'BESIDE', 'RATIO', 'GOAL', 'MET'], *map(_row, results)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
