# Functions of a library that is stored in an archive, as Android maps them: found by the library's
# symbols and debug information, probed in the archive.
# expect: user 41
# expect: zipped 41 of uprobe:./a.apk!/lib/x.so:zipped
# expect: line 41
# expect: listed uprobe:./a.apk!/lib/x.so:zipped
# expect: listed     int n
# expect: wild 1
# expect: compressed: ERROR: uprobe target file './a.apk!/lib/y.so' does not exist or is not executable
# expect: compressed: HINT: lib/y.so is compressed: code is mapped from what is stored as it is
# expect: no member: ERROR: uprobe target file './a.apk!/lib/z.so' does not exist or is not executable
# expect: no archive: ERROR: uprobe target file './x.so!/lib/x.so' does not exist or is not executable
# expect: nowhere: ERROR: uprobe target file './none.apk!/lib/x.so' does not exist or is not executable
cat >x.c <<'C'
int zipped(int n);
int zipped(int n) { return n + 1; }
C
cat >run.c <<'C'
/* run OFFSET: makes the archive (lib/x.so stored, lib/y.so said to be compressed), maps it and calls
 * what is at OFFSET of lib/x.so. `run` alone only makes it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static uint8_t out[1 << 20], lib[1 << 19];
static size_t n;
static void put(uint64_t v, int bytes) { for (; bytes--; v >>= 8) out[n++] = v & 255; }
static void text(const char *s) { while (*s) out[n++] = (uint8_t)*s++; }
static void local(const char *name, int method, size_t len, size_t extra) {
	put(0x04034b50, 4); put(10, 2); put(0, 2); put(method, 2); put(0, 4); put(0, 4);
	put(len, 4); put(len, 4); put(strlen(name), 2); put(extra, 2); text(name); n += extra;
}
static void entry(const char *name, int method, size_t len, size_t at) {
	put(0x02014b50, 4); put(10, 2); put(10, 2); put(0, 2); put(method, 2); put(0, 4); put(0, 4);
	put(len, 4); put(len, 4); put(strlen(name), 2); put(0, 2); put(0, 2); put(0, 2); put(0, 2);
	put(0, 4); put(at, 4); text(name);
}
int main(int argc, char **argv) {
	size_t len, data = 4096, second, dir;
	FILE *f = fopen("x.so", "r");
	char *code;
	len = fread(lib, 1, sizeof(lib), f);
	fclose(f);
	if (argc < 2) {
		local("lib/x.so", 0, len, data - 30 - 8);
		memcpy(out + n, lib, len);
		second = n += len;
		local("lib/y.so", 8, 4, 0);
		put(0, 4);
		dir = n;
		entry("lib/y.so", 8, 4, second);
		entry("lib/x.so", 0, len, 0);
		put(0x06054b50, 4); put(0, 4); put(2, 2); put(2, 2); put(n - 6 - dir - 6, 4); put(dir, 4); put(7, 2);
		text("comment");
		f = fopen("a.apk", "w");
		fwrite(out, 1, n, f);
		return fclose(f);
	}
	f = fopen("a.apk", "r");
	code = mmap(NULL, len, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(f), (long)data);
	if (code == MAP_FAILED) return 2;
	return ((int (*)(int))(code + strtoul(argv[1], NULL, 16)))(41) != 42;
}
C
"${CC:-cc}" -g -O1 -shared -fPIC -o x.so x.c && "${CC:-cc}" -o run run.c && ./run || exit 2
at=$(nm x.so | sed -n 's/ T zipped//p')
probe='uprobe:./a.apk!/lib/x.so'
# First: a probe of the kernel's at the same place, also one that is just being taken off, would see it
# instead.
skep -q --engine user -c "./run $at" -e "$probe:zipped { printf(\"user %d\\n\", args.n); }" | grep -v '^$'
skep -q -c "./run $at" -e "$probe:zipped { printf(\"zipped %d of %s\\n\", args.n, probe); }" | grep -v '^$'
skep -q -c "./run $at" -e "$probe@x.c:2 { printf(\"line %d\\n\", args.n); exit(); }" | grep -v '^$'
skep -lv "$probe:zip*" | sed 's/^/listed /'
skep -q -c "./run $at" -e "$probe:zip* { @++; } end { printf(\"wild %d\\n\", @); clear(@); }" | grep -v '^$\|^@'
refused() {
	skep -q -c ./run -e "uprobe:$2:zipped { exit(); }" 2>&1 |
		sed -n "s/^stdin[^E]*ERROR/ERROR/; /valid attach/d; s/^\(ERROR\|HINT\)/$1: &/p"
}
refused compressed './a.apk!/lib/y.so'
refused 'no member' './a.apk!/lib/z.so'
refused 'no archive' './x.so!/lib/x.so'
refused nowhere './none.apk!/lib/x.so'
exit 0
