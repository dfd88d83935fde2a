# timeout: 40
# Samples anywhere: in the C library's sort and its callbacks, the vdso, while an exception flies,
# in formatted output, on two threads. All end where the program began.
# requires: command -v g++
# expect: more than 90 of 100 end at _start or clone
# expect: thrown through
# expect: in the vdso
# expect: sorted by a callback
cat >spin.cpp <<'C'
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
static volatile unsigned long sink;
#define KEPT __attribute__((noinline, noclone))
KEPT void burn(int n) { for (int i = 0; i < n; i++) sink += i; }
KEPT int compare(const void *a, const void *b) { burn(500); return *(const int *)a - *(const int *)b; }
KEPT void throws(int depth) {
	char room[64 + depth * 8];
	room[0] = depth;
	sink += room[0];
	if (!depth) throw std::runtime_error("here");
	throws(depth - 1);
	sink++;
}
KEPT void catches() {
	for (int i = 0; i < 300; i++)
		try { throws(10); } catch (std::exception &e) { sink += e.what()[0]; }
}
KEPT void sorts() {
	static int v[3000];
	for (int &x : v) x = rand();
	qsort(v, 3000, sizeof(int), compare);
	sink++; /* or it is jumped to */
}
KEPT void clocks() {
	struct timespec t;
	for (int i = 0; i < 100000; i++) { clock_gettime(CLOCK_MONOTONIC, &t); sink += t.tv_nsec; }
}
KEPT void maps() {
	std::map<std::string, int> m;
	for (int i = 0; i < 5000; i++) m[std::to_string(rand() % 500)]++;
	sink += m.size();
}
KEPT void prints() {
	FILE *f = fopen("/dev/null", "w");
	for (int i = 0; i < 5000; i++) fprintf(f, "%d %s %f\n", i, "text", i * 1.5);
	fclose(f);
}
int main() {
	time_t end = time(NULL) + 20;
	std::thread other([end] { while (time(NULL) < end) maps(); });
	while (time(NULL) < end) { catches(); sorts(); clocks(); prints(); }
	other.join();
}
C
g++ -O2 -fomit-frame-pointer -o spin spin.cpp -lpthread || exit 2
skep -q --no-warnings -c ./spin -o stacks -e 'config = { show_debug_info = false }
profile:hz:499 /pid == cpid/ { @n++; printf("%s|\n", dw_ustack); if (@n > 400) { exit(); } }' || exit
awk -v RS='|' '/\+/ { all++; if (/(_start|clone3?)\+[0-9]+\n$/) whole++ }
	END { print (whole * 10 > all * 9 ? "more than 90 of 100 end at _start or clone" : whole " of " all) }' stacks
awk -v RS='|' '/__cxa_throw/ && /throws/ && /catches\(\)\+/ && /main\+/ { print "thrown through"; exit }' stacks
awk -v RS='|' '/clock_gettime/ && /clocks\(\)\+/ && /main\+/ { print "in the vdso"; exit }' stacks
awk -v RS='|' '/burn/ && /compare/ && /qsort/ && /sorts\(\)\+/ && /main\+/ { print "sorted by a callback"; exit }' stacks
