# C++: functions by mangled and demangled names, one overload or all, with wildcards; parameters that
# are references, classes with bases, and what a hidden parameter moves.
# requires: command -v g++
# expect: all 2
# expect: one 1
# expect: bare 2
# expect: mangled 1
# expect: stars 2
# expect: plain stars 2
# expect: none: ERROR: No matches for uprobe
# expect: area scale 2 id 77 sides 5 tag 2 inside -9 kind SOME
# expect: reference 5 77
# expect: by address 4 of 9
# expect: hidden 8
# expect: cast 77
# expect: size 16
# expect: hidden name 3
# expect: call 6
# expect: one call 6
cat >names.cpp <<'C'
#include <new>
namespace ns {
struct base {
	long id;
};
template <class T> struct box {
	T value;
};
struct shape : base {
	int sides : 5;
	unsigned tag : 3;
	box<short> inside;
	enum kind { NONE, SOME = 3 } k;
	static int count;
	__attribute__((noipa)) int area(int scale) { return sides * scale; }
};
struct counted {
	int n;
	counted(int v) : n(v) {}
	counted(const counted &o) : n(o.n) {}
	~counted() { n = 0; }
};
struct big {
	long rows[4];
};
__attribute__((noipa)) int over(int a) { return a; }
__attribute__((noipa)) int over(const shape &s, double d) { return s.sides + (int)d; }
__attribute__((noipa)) int count(counted c, int of) { return c.n + of; }
__attribute__((noipa)) big make(int n) { return big{{n}}; }
} // namespace ns
namespace {
__attribute__((noipa)) int unseen(int n) { return n; }
} // namespace
struct caller {
	__attribute__((noipa)) int operator()(int n) { return n; }
};
int main() {
	unseen(3);
	caller{}(6);
	ns::shape s{};
	s.id = 77; s.sides = 5; s.tag = 2; s.inside.value = -9; s.k = ns::shape::SOME;
	return ns::over(1) + ns::over(s, 2.) + s.area(2) + ns::count(ns::counted(4), 9) +
	       (int)ns::make(8).rows[0] > 1000;
}
C
g++ -g -O1 -o names names.cpp || exit 2
run() {
	skep -q -c ./names -e "$1" | grep -v '^$'
}
run 'uprobe:./names:cpp:"ns::over" { @++; } end { printf("all %d\n", @); clear(@); }'
run 'uprobe:./names:cpp:"ns::over(int)" { @++; } end { printf("one %d\n", @); clear(@); }'
run 'uprobe:./names:"ns::over" { @++; } end { printf("bare %d\n", @); clear(@); }'
run 'uprobe:./names:_ZN2ns4overEi { @++; } end { printf("mangled %d\n", @); clear(@); }'
run 'uprobe:./names:cpp:"ns::ov*" { @++; } end { printf("stars %d\n", @); clear(@); }'
run 'uprobe:./names:"ns::o*er" { @++; } end { printf("plain stars %d\n", @); clear(@); }'
skep -q -c ./names -e 'uprobe:./names:cpp:"ns::ova" { }' 2>&1 | sed -n 's/.*ERROR: No matches for uprobe.*/none: ERROR: No matches for uprobe/p'
run 'uprobe:./names:cpp:"ns::shape::area" {
	printf("area scale %d id %d sides %d tag %d inside %d kind %s\n", args.scale, args.this->id,
	       args.this->sides, args.this->tag, args.this->inside.value, args.this->k);
}'
run 'uprobe:./names:cpp:"ns::over(ns::shape const&, double)" {
	printf("reference %d %d\n", args.s->sides, args.s->id);
}'
run 'uprobe:./names:cpp:"ns::count" { printf("by address %d of %d\n", args.c.n, args.of); }'
run 'uprobe:./names:cpp:"ns::make" { printf("hidden %d\n", args.n); }'
run 'uprobe:./names:cpp:"ns::shape::area" {
	printf("cast %d\nsize %d\n", ((struct shape *)arg0)->id, sizeof(struct shape));
}'
run 'uprobe:./names:cpp:"(anonymous namespace)::unseen" { printf("hidden name %d\n", args.n); }'
run 'uprobe:./names:cpp:"caller::operator()" { printf("call %d\n", args.n); }'
run 'uprobe:./names:cpp:"caller::operator()(int)" { printf("one call %d\n", args.n); }'
exit 0
