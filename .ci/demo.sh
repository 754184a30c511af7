#!/bin/sh
# Runs the demo and says how it ended. make would turn any exit code into 2, so the verdicts end as success
# and only what is a fault stays one.
cd "$(dirname "$0")/.." || exit 1

.venv/bin/aftergreen demo
code=$?
case $code in
    0) meaning="finished" ;;
    10) meaning="unproven" ;;
    20) meaning="rolled back and recovered" ;;
    21) meaning="rolled back, not recovered" ;;
    22) meaning="rollback failed" ;;
    23) meaning="rollback advised, none ran" ;;
    30) meaning="abandoned" ;;
    *)
        printf 'aftergreen demo failed with exit code %s\n' "$code" >&2
        exit 1
        ;;
esac
printf 'aftergreen demo ended with %s: %s\n' "$code" "$meaning"
