/* The kernel's code, as it stands in memory: read from /proc/kcore, an ELF core file whose segments
 * are the kernel's mappings. Only root may, and not every kernel has it. */
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "symbols/symbols.h"

bool symbols_kernel_text(uint64_t address, void *to, size_t n_b)
{
	own_fd int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr head;

	if (fd < 0 || pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	for (unsigned i = 0; i < head.e_phnum; i++) {
		off_t at = (off_t)(head.e_phoff + i * sizeof(Elf64_Phdr));
		Elf64_Phdr segment;

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return false;
		if (segment.p_type != PT_LOAD || address < segment.p_vaddr ||
		    address - segment.p_vaddr >= segment.p_memsz)
			continue;
		return pread(fd, to, n_b,
		             (off_t)(segment.p_offset + (address - segment.p_vaddr))) ==
		       (ssize_t)n_b;
	}
	return false;
}

bool symbols_kernel_is_probed(void)
{
	own_fd int fd = open("/sys/kernel/debug/kprobes/list", O_RDONLY | O_CLOEXEC);
	char byte;

	return fd < 0 || read(fd, &byte, 1) != 0;
}
