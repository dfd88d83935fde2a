# timeout: 60
# expect-re: ^[0-9]{2,3} programs$
# What programs print.
each-program "$DIR/values.txt" 'skep -q -e "$program" 2>/dev/null'
