"""What is executed of the subject ``pyparsing``."""

import pyparsing as pp

ppc = pp.pyparsing_common


def calculate(tokens):
    left, *rest = tokens[0]
    for operator, right in zip(rest[::2], rest[1::2], strict=True):
        left = {"+": left + right, "-": left - right, "*": left * right, "/": left / right}[operator]
    return left


def s(text):
    expression = pp.infix_notation(
        ppc.number,
        [
            (pp.one_of("* /"), 2, pp.OpAssoc.LEFT, calculate),
            (pp.one_of("+ -"), 2, pp.OpAssoc.LEFT, calculate),
        ],
    )
    key = pp.Word(pp.alphas, pp.alphanums + "_")("key")
    value = (
        pp.QuotedString('"')
        | ppc.iso8601_date
        | ppc.number
        | pp.Keyword("yes")
        | pp.Group(pp.DelimitedList(ppc.integer))
    )
    line = pp.Group(key + pp.Suppress("=") + value("value") + pp.Optional(pp.python_style_comment))
    config = pp.OneOrMore(line)
    parsed = config.parse_string(
        'name = "a b"\nsize = 4.5 # x\nday = 2020-01-31\non = yes\nn = 7\n', parse_all=True
    )
    nested = pp.nested_expr("(", ")").parse_string("(a (b c) (d (e)))").as_list()
    try:
        config.parse_string("name = ", parse_all=True)
    except pp.ParseException as error:
        wrong = str(error), error.lineno, error.column
    scanned = [(t.as_list(), b, e) for t, b, e in ppc.integer.scan_string("a 1 b 22 c 333")]
    words = (pp.Combine(pp.Word(pp.nums) + "." + pp.Word(pp.nums)) | pp.Word(pp.nums)).search_string(
        "1.5 2 x 3.25"
    )
    return (
        [expression.parse_string(t)[0] for t in ("1+2*3", "(1+2)*3", "8/4-1")],
        [(item.key, str(item.value)) for item in parsed],
        nested,
        wrong,
        scanned,
        words.as_list(),
        ppc.integer.transform_string("1 2"),
        str(expression)[:200],
        parsed.dump(),
    )
