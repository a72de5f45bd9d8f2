"""The expression language of the advanced row: small, total, decimals only.

    if(eq(field('billing'), 'fixed'), '0', mul(field('hours'), field('rate')))

There are texts in quotes, decimals, true, false, null and calls of the functions in
`functions.py`; nothing else. No variables, no loops, no attributes, no recursion: every
expression ends, and `budget.py` bounds how much it may cost.
"""
