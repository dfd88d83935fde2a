# exepct: anything
exit 0
