"""What a program of somebody else's would do first; run with the path of the command, without the tests' packages."""

import subprocess
import sys

import numpy as np

import rushes

CHILD = "import sys, rushes; print(rushes.Depot.attach(sys.argv[1]).newest().array.sum())"

with rushes.Depot.create(slots=2, slot_bytes=1000) as depot:
    depot.put(np.full((10, 10), 2, np.uint8))
    child = [sys.executable, "-c", CHILD, depot.name]
    said = subprocess.run(child, capture_output=True, text=True, timeout=60, check=True).stdout
assert said.strip() == "200", said
for words in (["version"], ["doctor"], ["--help"]):
    subprocess.run([sys.argv[1], *words], check=True, timeout=60, stdout=subprocess.DEVNULL)
print(rushes.native_status())
