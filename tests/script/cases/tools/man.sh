# timeout: 120
# expect: as it should be
# A manual page of each tool, from its own declarations.
mkdir none && export SKEP_TOOLS=$PWD/none
skep tools --json | sed -n 's/^{"name": "\([^"]*\)".*/\1/p' >names
[ "$(wc -l <names)" -gt 60 ] || exit 1
while read -r name; do
	skep tools --man "$name" >page || exit 1
	grep -qx "\.SH NAME" page && grep -q "^skep.-$name .- [A-Za-z0-9]" page && grep -qx '\.BR skep (1)' page ||
		{ echo "$name:"; cat page; exit 1; }
	# Lines of text do not begin with a point; every option of -h has its place, and no other.
	grep '^[.]' page | grep -vE '^\.(TH|SH|TP|B|BR|PP)( |$)' && exit 1
	skep tools --source "$name" | grep -q '^options = {' || continue
	skep "$name" -h | sed -n '/^options:/,/^examples:/s/^  \(-[^ ]*\(, --[^ ]*\)\{0,1\}\).*/\1/p' >wanted
	sed -n '/^\.TP/{n;s/\\fB\|\\fR\|\\fI//g;s/\\-/-/g;s/^\(-[^ ]*\(, --[^ ]*\)\{0,1\}\).*/\1/p}' page |
		grep '^-' | diff wanted - || { echo "$name: options"; exit 1; }
done <names
mkdir own && export SKEP_TOOLS=$PWD/own
cat >own/mine.bt <<'END'
#!/usr/bin/env skep
// mine: 50% of what's \shown.
// area: files
//
// .TH is text, and so is 'this'.
//
// Another paragraph.
options = {
	kind  = choice("-k, --kind a|b", "which one", "a");
	other = flag("-o", "the other");
	lib   = text("-l, --lib [FILE]", "a library", "libx");
	many  = ints("[NUMBER...]", "numbers");
	count = int("[count]", "how many", 99999999);
	exclusive(kind, other);
	example("mine -k b", "");
}
END
sed -i '/\[count\]/d' own/mine.bt
echo 'begin { exit(); }' >>own/mine.bt
skep tools --man mine >page || exit
cat >want <<'END'
.TH "SKEP\-MINE" 1 "" "skep" "Tools of skep"
.SH NAME
skep\-mine \- 50% of what's \eshown.
.SH SYNOPSIS
.B skep mine
[\fB\-k\fR \fBa\fR|\fBb\fR]
[\fB\-o\fR]
[\fB\-l\fR [\fIFILE\fR]]
[\fINUMBER\fR ...]
.SH DESCRIPTION
\&.TH is text, and so is 'this'.
.PP
Another paragraph.
.PP
The tool is a script, which \fBskep tools \-\-source mine\fR prints.
Options of skep itself stand in front of its name.
.SH OPTIONS
.TP
\fB\-h\fR, \fB\-\-help\fR
show a summary of the options and exit
.TP
\fB\-k\fR, \fB\-\-kind\fR \fBa\fR|\fBb\fR
which one (default: a)
.TP
\fB\-o\fR
the other
.TP
\fB\-l\fR, \fB\-\-lib\fR [\fIFILE\fR]
a library (default: libx)
.TP
\fINUMBER\fR ...
numbers
.PP
At most one of \-k/\-\-kind, \-o is given.
.SH EXAMPLES
.TP
\fBmine \-k b\fR
.SH SEE ALSO
.BR skep (1)
END
diff want page && echo 'as it should be'
skep tools --man nothing 2>&1 | grep -qx "ERROR: There is no tool 'nothing'" || exit
echo 'options = { x' >own/mine.bt
skep tools --man mine 2>err && exit 1
grep -q 'ERROR: ' err || exit
skep tools --man mine --json 2>&1 | grep -q 'Only one of'
