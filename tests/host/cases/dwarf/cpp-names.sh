# What one may write for a C++ function: with or without parameters, blanks, const and results of
# templates; what is called once is one event; what is not there has a neighbour; listings.
# requires: command -v g++
# expect: done
cat >n.cpp <<'C'
#define OUT __attribute__((noipa))
namespace ns {
struct box {
	int v;
	OUT box(int x) : v(x) {}
	OUT ~box() { v = 0; }
	OUT int get(int k) const { return v + k; }
	template <class T> OUT T cast(T t) { return t; }
};
OUT int over(int a) { return a; }
OUT int over(int a, unsigned int b) { return a + (int)b; }
} // namespace ns
extern "C" OUT int plain(int a) { return a; }
int main() {
	ns::box b(3);
	return b.get(4) + b.cast<int>(7) + *b.cast<const char *>("x") + ns::over(1) + ns::over(1, 2) + plain(1) > 1000;
}
C
g++ -g -O1 -o n n.cpp || exit 2
bad=0
# events N NAME...: each name stands for N calls
events() {
	want=$1
	shift
	for name; do
		got=$(skep -q -c ./n -e "uprobe:./n:cpp:\"$name\" { @ = count(); }" 2>&1 | sed -n 's/^@: //p')
		[ "$got" = "$want" ] || { echo "$name: $got, not $want"; bad=1; }
	done
}
events 1 ns::box::box 'ns::box::~box' 'ns::box::box(int)' 'ns::*::box' 'ns::over(int,unsigned int)' 'ns::over( int , unsigned int )' \
	'ns::box::get(int)' 'ns::box::get(int) const' ns::box::get 'ns::box::cast<int>' 'ns::box::cast<char const *>' \
	'int ns::box::cast<int>(int)' _ZN2ns4overEi plain main
events 2 ns::over 'ns::ov*' 'ns::box::cast*' 'ns::box::cast<*>'
events 7 'ns::*'
refused() {
	skep -c ./n -e "uprobe:./n:$1 { }" >out 2>&1 && { echo "$1 is taken"; bad=1; }
	grep -qxF "HINT: $2" out || { echo "$1:"; cat out; bad=1; }
}
refused 'cpp:over' 'did you mean uprobe:./n:cpp:"ns::over"?'
refused 'over' 'did you mean uprobe:./n:cpp:"ns::over"?'
refused 'cpp:"ns::box::gt(int)"' 'did you mean uprobe:./n:cpp:"ns::box::get"?'
refused 'cpp:plane' 'did you mean uprobe:./n:cpp:"plain"?'
refused 'cpp:ns::over' 'a name with colons stands in quotes: cpp:"ns::f"'
refused 'ns::over' 'a name with colons stands in quotes: cpp:"ns::f"'
cat >want <<'L'
uprobe:./n:cpp:"char const* ns::box::cast<char const*>(char const*)"
uprobe:./n:cpp:"int ns::box::cast<int>(int)"
uprobe:./n:cpp:"ns::box::box(int)"
uprobe:./n:cpp:"ns::box::get(int) const"
uprobe:./n:cpp:"ns::box::~box()"
uprobe:./n:cpp:"ns::over(int)"
uprobe:./n:cpp:"ns::over(int, unsigned int)"
L
skep -l 'uprobe:./n:cpp:*' >got
cmp got want || bad=1
printf '%s\n' 'uretprobe:./n:cpp:"ns::over(int, unsigned int)"' '    int retval' software:cpu: >want
skep -lv 'uretprobe:./n:cpp:"ns::over(int,unsigned int)",software:cpu' >got
cmp got want || bad=1
printf '%s\n' 'uprobe:./n:cpp:"ns::over(int)"' interval:s:1 >want
skep -l -e 'uprobe:./n:cpp:"ns::over(int)", i:s:1 { }' >got
cmp got want || bad=1
[ $bad = 0 ] && echo done
