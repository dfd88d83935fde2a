# --fmt and -d ast of an options block.
cat >untidy.bt <<'END'
options={a=flag( "-a","x" ) ;  b=texts("-b N", // why
"y");
c=decimal("[C]","z","0.5",1000);exclusive(a,b);

/* how */ example("x -a","y")} ;
uprobe:{opt.b}:f ,l={opt.b}/opt.a/{print(opt.c)}
END
cat >want <<'END'
options = {
	a = flag("-a", "x");
	b = texts("-b N", // why
		"y");
	c = decimal("[C]", "z", "0.5", 1000);
	exclusive(a, b);

	/* how */
	example("x -a", "y")
};

uprobe:{opt.b}:f,
l={opt.b}
/opt.a/
{
	print(opt.c)
}
END
skep --fmt untidy.bt >out || exit 1
cmp out want || { diff out want; exit 1; }
skep --fmt want | cmp - want || exit 1
skep -q -d ast --mode codegen want >out || exit 1
head -5 out | cmp - /dev/fd/3 3<<'END' || { cat out; exit 1; }
; ast
option a = flag -a "x" of group 1
option b = texts -b N "y" of group 1
option c = decimal [C] "z" default "0.5" times 1000
example "x -a" "y"
END
exit 0
