# -o replaces the file itself and keeps its permissions; a mistake leaves it alone.
# expect: begin
# expect: {
# expect: 	exit();
# expect: }
# expect: 640
# expect: a link
# expect: into a pipe
# expect: status 1
# expect: begin { exit( }
# expect: from -e
# expect-err-re: ^b\.bt:1:15-16: ERROR: syntax: 
# expect-err-re: ^USAGE: Only one of --mode, --test, --bench and --fmt can be used\.$
# expect-err-re: ^ERROR: Invalid mode, valid are codegen, compiler-bench, bench, test and format: tidy$
# expect-err-re: ^ERROR: Failed to open output file: "/nowhere/x": No such file or directory$
umask 022
echo 'begin { exit(); }' >a.bt
chmod 640 a.bt
skep --fmt -o a.bt a.bt || exit 1
cat a.bt
stat -c %a a.bt
ln -s a.bt l.bt
skep --fmt -o l.bt -e 'end { }' && [ -L l.bt ] && [ "$(head -1 a.bt)" = end ] && echo 'a link'
mkfifo pipe
skep --fmt -o pipe -e 'end { print("into a pipe"); }' &
grep -o 'into a pipe' pipe
wait
[ -p pipe ] || echo 'the pipe was replaced'
rm l.bt pipe
echo 'begin { exit( }' >b.bt
skep --fmt -o b.bt b.bt; echo "status $?"
cat b.bt
skep --mode format -e 'begin{ printf("from -e"); }' | grep -o 'from -e'
skep --fmt --test a.bt
skep --mode tidy a.bt
skep --fmt -o /nowhere/x a.bt
ls | grep -v '^[ab]\.bt$'
true
