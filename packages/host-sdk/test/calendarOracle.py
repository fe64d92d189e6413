"""Says of periods whether they are whole ones, by Python's own reading of the time zone database.

Reads JSON lines {"zone", "unit", "count", "wall", "start", "end"} (microseconds since the epoch), and prints one
line for each that is wrong. A period is right when it holds the moment, every second in it has the period's name,
and the seconds before and after it do not.
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
QUARTER = 900


def name_of(second, zone, unit, count):
    date = (EPOCH + timedelta(seconds=second)).astimezone(zone).date()
    if unit == "day":
        return date.toordinal()
    if unit == "week":
        return date.isocalendar()[:2]
    return ((date.year - 1970) * 12 + date.month - 1) // count


def fault(zone, unit, count, wall, start, end):
    if not start <= wall < end:
        return "does not hold the moment"
    if start % 1_000_000 or end % 1_000_000:
        return "does not begin with a second"
    zone = ZoneInfo(zone)
    first, last = start // 1_000_000, end // 1_000_000 - 1
    name = name_of(first, zone, unit, count)
    if name_of(first - 1, zone, unit, count) == name:
        return "begins late"
    if name_of(last + 1, zone, unit, count) == name:
        return "ends early"
    # Clocks change by quarters of an hour, and a period has another name within only where one was skipped.
    seconds = list(range(first, min(first + 3 * 86_400, last), QUARTER)) + [last]
    if any(name_of(second, zone, unit, count) != name for second in seconds):
        return "holds another period"
    return None


for line in sys.stdin:
    asked = json.loads(line)
    why = fault(**asked)
    if why is not None:
        print(json.dumps({**asked, "why": why}))
