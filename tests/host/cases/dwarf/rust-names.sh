# Rust's functions by their names, mangled in either way or as people write them, with wildcards; the
# hash is no part of the name.
# expect: r::shapes::look of uprobe:./names:cpp:"r::shapes::look" 2
# expect: mangled 1
# expect: new mangling 1
# expect: stars 3
# expect: generic <r::Square as r::Area>::area 1
# expect: uprobe:./names:_RNvNtCs6GmmlP4bgsG_1r6shapes4look
# expect: uprobe:./names:_ZN1r6shapes4look17hb85eb60ae17cc361E
cat >names.c <<'C'
#define RUST(name, label) \
	void name(void) __asm__(label); \
	__attribute__((noipa)) void name(void) { __asm__ volatile(""); }
RUST(one, "_ZN1r6shapes4look17hb85eb60ae17cc361E")
RUST(two, "_RNvNtCs6GmmlP4bgsG_1r6shapes4look")
RUST(three, "_RINvNtCs6GmmlP4bgsG_1r6shapes7generichEB4_")
RUST(four, "_ZN37_$LT$r..Square$u20$as$u20$r..Area$GT$4area17h000d2d30c59c4b30E")
int main(void) { one(); two(); three(); four(); return 0; }
C
"${CC:-cc}" -o names names.c || exit 2
run() {
	skep -q -c ./names -e "$1" | grep -v '^$\|^@'
}
run 'uprobe:./names:"r::shapes::look" { @n++; @ = (func, probe); } end { printf("%s of %s %d\n", @.0, @.1, @n); clear(@); clear(@n); }'
run 'uprobe:./names:_ZN1r6shapes4look17hb85eb60ae17cc361E { printf("mangled %d\n", 1); }'
run 'uprobe:./names:_RNvNtCs6GmmlP4bgsG_1r6shapes4look { printf("new mangling %d\n", 1); }'
run 'uprobe:./names:cpp:"r::shapes::*" { @++; } end { printf("stars %d\n", @); clear(@); }'
run 'uprobe:./names:"*Square*area" { printf("generic %s %d\n", func, 1); }'
skep -l 'uprobe:./names:*look*'
