# expect: stable
# `if` around probes: what it holds is laid out as outside, a level further in.
cat >want.bt <<'END'
config = {
	max_strlen = 100
}

// why
if (probe_exists("kprobe:a") && has_field(struct task_struct *, b.c)) {
	// first
	let @a = hash(3);

	macro m(x)
	{
		x + 1
	}

	kprobe:a,
	kprobe:b
	/pid == 1/
	{
		if (pid == 2) {
			print(m(1));
		} else {
			exit();
		}
	}
} else if (false) {
	if (true) {
		begin
		{
		}
	}
} // a word
else {
	fn f($a: int64): int64
	{
		return $a;
	}

	end
	{
	}
}

begin
{
}
END
skep --fmt want.bt | diff want.bt - || exit
tr -s '\n\t' '  ' <want.bt | sed 's,// [a-z ]*\(if\|let\|else\),\1,g' >flat.bt
skep --fmt flat.bt >formed.bt || exit
grep -v '^[[:space:]]*//' want.bt | sed 's, // a word,,' >plain.bt
skep --fmt plain.bt | diff - formed.bt && echo stable
