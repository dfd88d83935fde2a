# expect: stdin:1:19-20: ERROR: syntax: expected '}'
# expect: stdin:1:8-9: This is the '{' it closes.
# expect: stdin:1:38-39: ERROR: syntax: expected '}'
# expect: stdin:1:1-5: ERROR: syntax: this 'else' belongs to no 'if'
# expect: stdin:1:8-9: ERROR: syntax: expected expression
# expect-re: ^stdin:1:4-6: ERROR: This is not known when the script is compiled
# expect: stdin:1:10-16: ERROR: syntax: a config block cannot stand in a branch of 'if'
# expect: HINT: put it at the top of the file
# expect: stdin:1:10-16: ERROR: syntax: an import cannot stand in a branch of 'if'
# expect: stdin:1:10-16: ERROR: syntax: C definitions must appear before probes and functions
# expect: stdin:1:6-7: ERROR: syntax: expected '{'
# expect: HINT: put the condition into parentheses
# expect: stdin:1:19-20: ERROR: syntax: expected '{'
# expect: stdin:1:42-43: ERROR: syntax: expected expression
# expect: stdin:1:24-28: ERROR: syntax: expected ';'
# expect: stdin:1:15-16: ERROR: syntax: expected variable
# expect: stdin:1:1543-1545: ERROR: syntax: nested deeper than 256 levels
# expect-not-re: taken
# What is wrong with the blocks themselves, and with what may not stand in them.
wrong() { skep --dry-run -e "$1" 2>&1 | grep -v '^ *~*$' && return; echo "taken: $1"; }
wrong 'if (1) { begin { }'
wrong 'if (0) { begin { } } if (1) { end { }'
wrong 'else { begin { } }'
wrong 'if (1 +) { begin { } } else { end { } }'
wrong 'if () { begin { } }'
wrong 'if (1) { config = { max_strlen = 10 } begin { } }'
wrong 'if (1) { import "x.bt" begin { } }'
wrong 'if (1) { struct a { int b; }; begin { } }'
wrong 'if 1 < 2 { begin { } }'
wrong 'if (1) { kprobe:x } else { begin { } }'
wrong 'if (1) { begin { } } else { begin { $x = } }'
# One mistake, one report: the branches behind it are found again.
wrong 'if (1) { table t { pid "%d" } begin { } } else { end { } }'
wrong 'if (1) { fn f(a : int32) : int32 { return 1; } begin { } } else { end { } }'
wrong "$(printf 'if 1 {%.0s' $(seq 300))begin { }$(printf '}%.0s' $(seq 300))"
