"""Makes a database of girih-tune: FILE COMPILER, then problem and schedule of each row, which may end in @MILLISECONDS."""
import pathlib
import sqlite3
import subprocess
import sys

path, compiler, *rows = sys.argv[1:]
if compiler == "this":
    version = subprocess.run(["girih-compile", "--version"], capture_output=True, text=True, check=True).stdout
    compiler = version.split()[1]
pathlib.Path(path).unlink(missing_ok=True)
with sqlite3.connect(path) as database:
    database.execute("CREATE TABLE schedules(problem, target, device, driver, compiler, assembler, schedule, state,"
                     "milliseconds, rounds, confirmed, predicted_us, reason, session)")
    database.execute("PRAGMA user_version = 1")
    for problem, schedule in zip(rows[::2], rows[1::2]):
        knobs, _, time = schedule.partition("@")
        database.execute("INSERT INTO schedules VALUES(?,'sm_90a','GPU',13000,?,'V13',?,'timed',?,15,1,1,'',1)",
                         (problem, compiler, knobs, float(time or 1)))
