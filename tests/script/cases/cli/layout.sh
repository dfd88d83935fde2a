# Part 9.10: place, source line with tabs as four blanks, underline; several lines whole and without
# underline; errors before warnings, and no warnings on demand.
printf 'begin {\n\tprintf("%%d",\n\t\t"a",\n\t\t2);\n\t$x = 1; $x;\n\tprint(@q);\n}\n' >m.bt
skep m.bt >out 2>err
[ $? = 1 ] && ! [ -s out ] || exit
cat >want <<'END'
m.bt:2-4: ERROR: too many arguments for format string (2 supplied, 1 expected)
    printf("%d",
        "a",
        2);
m.bt:6:8-10: ERROR: Undefined map: @q
    print(@q);
          ~~
m.bt:5:10-12: WARNING: Return value discarded.
    $x = 1; $x;
            ~~
END
diff want err || exit
skep --no-warnings m.bt 2>err
head -n 7 want | diff - err || exit
skep -f json -e 'begin { $x = ; }' 2>&1 | diff - /dev/fd/3 3<<'END'
stdin:1:14-15: ERROR: syntax: expected expression
begin { $x = ; }
             ~
END
