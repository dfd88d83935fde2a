# The layout, by example: every construct, comments kept; what is in it stays as it is.
# expect: same
# expect: fixed
here=$DIR
skep --fmt "$here/untidy.txt" >out || exit 1
diff out "$here/tidy.txt" && echo same
skep --fmt "$here/tidy.txt" | diff - "$here/tidy.txt" && echo fixed
