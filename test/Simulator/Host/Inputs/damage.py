"""damage.py IN OUT [SIZE [AT]]: cuts a file off behind SIZE bytes, and inverts the byte AT."""
import sys

with open(sys.argv[1], "rb") as file:
    data = bytearray(file.read())
numbers = [int(number) for number in sys.argv[3:]]
data = data[: numbers[0]] if numbers and numbers[0] else data
for at in numbers[1:]:
    data[at] ^= 0xff
with open(sys.argv[2], "wb") as file:
    file.write(data)
