"""status.py N COMMAND...: fails unless the command ends with N."""
import subprocess
import sys

found = subprocess.run(sys.argv[2:], capture_output=True, check=False)
if found.returncode != int(sys.argv[1]):
    sys.exit(f"ended with {found.returncode} instead of {sys.argv[1]}:\n{found.stdout.decode()}{found.stderr.decode()}")
