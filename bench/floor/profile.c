/* profile:hz:99 /pid == P/ { @[ustack] = count(); }: samples by stack, then names from the symbol
 * tables of what the process has mapped. One sorted table per file, made when first needed. */
#include "floor.h"

#include <bpf/bpf.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sym {
	uint64_t at, len_b;
	const char *name;
};

struct object {
	char path[256];
	const char *base; /* of the mapped file */
	struct sym *syms;
	size_t n;
	bool is_read;
};

struct mapping {
	uint64_t from, to, off;
	struct object *object;
};

static struct object objects[64];
static struct mapping mappings[256];
static size_t n_objects, n_mappings;

static int by_address(const void *a, const void *b)
{
	const struct sym *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Function symbols, by offset in the file. */
static void read_symbols(struct object *o)
{
	int fd = open(o->path, O_RDONLY | O_CLOEXEC);
	const Elf64_Ehdr *eh;
	const Elf64_Shdr *sh;
	const Elf64_Phdr *ph;
	struct stat st;

	o->is_read = true;
	if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size < sizeof(*eh))
		return;
	o->base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (o->base == MAP_FAILED)
		return;
	eh = (const void *)o->base;
	sh = (const void *)(o->base + eh->e_shoff);
	ph = (const void *)(o->base + eh->e_phoff);
	for (int i = 0; i < eh->e_shnum; i++) {
		const Elf64_Sym *table = (const void *)(o->base + sh[i].sh_offset);
		size_t n = sh[i].sh_size / sizeof(*table);

		if (sh[i].sh_type != SHT_SYMTAB && sh[i].sh_type != SHT_DYNSYM)
			continue;
		o->syms = realloc(o->syms, (o->n + n) * sizeof(*o->syms));
		for (size_t s = 0; s < n; s++) {
			uint64_t at = table[s].st_value;

			if (ELF64_ST_TYPE(table[s].st_info) != STT_FUNC || !at)
				continue;
			for (int k = 0; k < eh->e_phnum; k++)
				if (ph[k].p_type == PT_LOAD && at - ph[k].p_vaddr < ph[k].p_memsz) {
					at = at - ph[k].p_vaddr + ph[k].p_offset;
					break;
				}
			o->syms[o->n++] = (struct sym){at, table[s].st_size,
						       o->base + sh[sh[i].sh_link].sh_offset +
							       table[s].st_name};
		}
	}
	qsort(o->syms, o->n, sizeof(*o->syms), by_address);
}

static void read_maps(pid_t pid)
{
	char path[64], line[512], file[256];
	unsigned long from, to, off;
	char rights[8];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		size_t o = 0;

		if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %255s", &from, &to, rights, &off, file) != 5 ||
		    !strchr(rights, 'x') || file[0] != '/' || n_mappings == 256)
			continue;
		while (o < n_objects && strcmp(objects[o].path, file))
			o++;
		if (o == 64)
			continue;
		if (o == n_objects)
			strcpy(objects[n_objects++].path, file);
		mappings[n_mappings++] = (struct mapping){from, to, off, &objects[o]};
	}
	if (f)
		fclose(f);
}

static void print_frame(uint64_t ip)
{
	for (size_t i = 0; i < n_mappings; i++) {
		const struct mapping *m = &mappings[i];
		uint64_t at = ip - m->from + m->off;
		size_t low = 0, high;

		if (ip < m->from || ip >= m->to)
			continue;
		if (!m->object->is_read)
			read_symbols(m->object);
		high = m->object->n;
		while (low < high) {
			size_t mid = (low + high) / 2;

			if (m->object->syms[mid].at <= at)
				low = mid + 1;
			else
				high = mid;
		}
		if (low) {
			out("    %s+%llu\n", m->object->syms[low - 1].name,
			    (unsigned long long)(at - m->object->syms[low - 1].at));
			return;
		}
	}
	out("    0x%llx\n", (unsigned long long)ip);
}

int floor_profile(enum way way, int argc, char **argv)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
				       .config = PERF_COUNT_SW_CPU_CLOCK, .freq = 1,
				       .sample_freq = 99};
	int stacks = map_make(BPF_MAP_TYPE_STACK_TRACE, 4, 127 * 8, 4096);
	int hash = map_make(BPF_MAP_TYPE_PERCPU_HASH, 8, 8, 4096);
	uint64_t key, *previous = NULL, frames[127], values[1024];
	struct code c = {0};
	int other, prog;
	pid_t pid;

	(void)way;
	if (argc < 1)
		die("profile PID");
	pid = atoi(argv[0]);
	mov(&c, BPF_REG_6, BPF_REG_1);
	call(&c, BPF_FUNC_get_current_pid_tgid);
	alui(&c, BPF_RSH, BPF_REG_0, 32);
	other = jumpi(&c, BPF_JNE, BPF_REG_0, pid);
	mov(&c, BPF_REG_1, BPF_REG_6);
	map_addr(&c, BPF_REG_2, stacks);
	movi(&c, BPF_REG_3, BPF_F_USER_STACK);
	call(&c, BPF_FUNC_get_stackid);
	store(&c, BPF_DW, BPF_REG_10, -8, BPF_REG_0);
	emit_count_key(&c, hash, -8);
	land(&c, other);
	leave(&c);
	prog = program_load(BPF_PROG_TYPE_PERF_EVENT, NULL, &c);
	for (int cpu = 0; cpu < n_cpus(); cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd < 0)
			continue; /* possible, but not there */
		if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
			die("profile");
	}
	run_until_signal(-1, NULL);
	read_maps(pid);
	for (; !bpf_map_get_next_key(hash, previous, &key); previous = &key) {
		uint32_t id = (uint32_t)key;

		memset(frames, 0, sizeof(frames));
		bpf_map_lookup_elem(stacks, &id, frames);
		bpf_map_lookup_elem(hash, &key, values);
		out("@[\n");
		for (int i = 0; i < 127 && frames[i]; i++)
			print_frame(frames[i]);
		out("]: %llu\n", (unsigned long long)sum_cpus(values));
	}
	return 0;
}
