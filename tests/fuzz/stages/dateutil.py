"""What is executed of the subject ``dateutil``."""

from datetime import datetime

from dateutil import easter, parser, relativedelta, rrule

TEXTS = [
    "2003-09-25T10:49:41.5",
    "Sep 25 2003",
    "25 September 2003 10pm",
    "10h36m28.5s",
    "Thu 10:36",
    "20030925",
    "9/25/2003",
]
START = datetime(1997, 9, 2, 9)


def s(text):
    default = datetime(2003, 9, 25)
    times = [str(parser.parse(one, default=default)) for one in TEXTS]
    rules = [
        rrule.rrule(rrule.DAILY, count=4, interval=10, dtstart=START),
        rrule.rrule(rrule.MONTHLY, count=5, byweekday=rrule.FR(1), dtstart=START),
        rrule.rrule(rrule.YEARLY, count=3, bymonth=(1, 3), byeaster=None, dtstart=START),
        rrule.rrulestr("FREQ=WEEKLY;COUNT=5;BYDAY=TU,TH", dtstart=START),
    ]
    delta = relativedelta.relativedelta(months=+1, weekday=relativedelta.MO(+2), hour=3)
    between = relativedelta.relativedelta(datetime(2003, 10, 24), datetime(1999, 2, 1, 5))
    try:
        parser.parse("no date at all")
    except ValueError as error:
        wrong = str(error)
    return (
        times,
        [list(map(str, rule)) for rule in rules],
        [str(rule) for rule in rules],
        str(default + delta),
        repr(between),
        str(easter.easter(2024)),
        wrong,
        rules[0].between(START, datetime(1997, 9, 25)),
    )
