/* ELF files as symbols read them: tables of symbols, notes of USDT, the procedure linkage table,
 * on any bytes.
 *
 * corpus: *.o
 * mutate: in place */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/symbols.h"

void fuzz_one(const char *data, size_t len_b)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	struct symbols *s = symbols_create();
	const struct elf_symbol *list;
	const struct elf_usdt *marks;
	struct elf_symbol found;
	char path[40];
	size_t n;

	if (fd < 0 || write(fd, data, len_b) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!symbols_elf_functions(s, path, &list, &n)) {
		for (size_t i = 0; i < n; i++) {
			FUZZ_CHECK(*list[i].name);
			FUZZ_CHECK(!i || strcmp(list[i - 1].name, list[i].name) < 0);
			FUZZ_CHECK(symbols_elf_find(s, path, list[i].name, &found));
			if (symbols_elf_at(s, path, list[i].address, &found))
				FUZZ_CHECK(found.address <= list[i].address &&
				           list[i].address - found.address < found.size_b);
		}
		symbols_elf_at(s, path, 0, &found);
		symbols_elf_usdt(s, path, &marks, &n);
	}
	symbols_destroy(s);
	close(fd);
}
