/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <libkdumpfile/kdumpfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "common/strbuf.h"
#include "report/report.h"
#include "symbolizer/beside.h"
#include "symbolizer/blame.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/dump_notes.h"
#include "symbolizer/dump_stack.h"
#include "symbolizer/layout.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/symbolizer.h"

enum {
	TABLE_LIMIT = 64 << 20, /* bytes of one ORC section */
	MODULE_TABLE_LIMIT = 1 << 20,
	CODE_BEFORE = 42,
	CODE_SIZE = 64,
};

struct dump {
	const struct dump_request *request;
	struct dump_notes notes;
	struct dump_memory memory;
	struct dump_stack *stacks; /* one a CPU */
	kdump_ctx_t *context;
	int fd;
	struct symbolizer *symbolizer;
};

bool dump_recognise(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	uint8_t head[64];

	return fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) &&
	       read(fd, head, sizeof(head)) == sizeof(head) &&
	       dump_is_core((struct span){ head, sizeof(head) });
}

static void dump_destroy(struct dump *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->memory.table_count; i++) {
		free((void *)d->memory.tables[i].places.data);
		free((void *)d->memory.tables[i].entries.data);
	}
	if (d->context)
		kdump_free(d->context);
	if (d->fd >= 0)
		close(d->fd);
	free(d->stacks);
	free(d);
}
CLEANUP_DEFINE(struct dump, dump_destroy)

static bool read_memory(void *context, uint64_t address, void *ret, size_t size)
{
	struct dump *d = context;
	size_t got = size;

	return kdump_read(d->context, KDUMP_KVADDR, address, ret, &got) == KDUMP_OK &&
	       got == size;
}

/*
 * A dump of QEMU's knows nothing of the kernel in it, so the library is told where the
 * page tables are, and only then that this is Linux.
 */
static struct error *open_memory(struct dump *d)
{
	const struct dump_cpu *cpu = &d->notes.cpus[0];
	bool five_levels = cpu->cr4 >> 12 & 1;
	kdump_status status;

	d->context = kdump_new();
	d->fd = open(d->request->path, O_RDONLY | O_CLOEXEC);
	if (d->fd < 0)
		return error_errno(errno, "cannot open %s", d->request->path);
	if (!d->context)
		return error_nomem();
	status = kdump_open_fd(d->context, d->fd);
	if (status == KDUMP_OK)
		status = kdump_set_number_attr(d->context, "addrxlat.force.virt_bits",
					       five_levels ? 57 : 48);
	if (status == KDUMP_OK)
		status = kdump_set_number_attr(d->context, "addrxlat.force.rootpgt.as",
					       ADDRXLAT_MACHPHYSADDR);
	if (status == KDUMP_OK)
		status = kdump_set_address_attr(d->context, "addrxlat.force.rootpgt.addr",
						cpu->cr3 & 0xffffffffff000);
	if (status == KDUMP_OK)
		status = kdump_set_string_attr(d->context, KDUMP_ATTR_OSTYPE, "linux");
	return status == KDUMP_OK
		       ? NULL
		       : error_new(ERROR_INPUT, "%s: cannot read the dump: %s",
				   d->request->path, kdump_get_err(d->context));
}

static struct span copy_of(const void *data, size_t size)
{
	void *copy = size && size <= TABLE_LIMIT ? malloc(size) : NULL;

	if (!copy)
		return (struct span){ 0 };
	memcpy(copy, data, size);
	return (struct span){ copy, size };
}

/* Takes over the table's bytes. */
static void add_table(struct dump *d, struct orc_table table, uint64_t start,
		      uint64_t end)
{
	size_t n = d->memory.table_count;

	if (n >= DUMP_TABLES || !table.places.size || !table.entries.size) {
		free((void *)table.places.data);
		free((void *)table.entries.data);
		return;
	}
	table.layout = orc_layout_of(d->notes.release);
	d->memory.tables[n] = table;
	d->memory.ranges[n].start = start;
	d->memory.ranges[n].end = end;
	d->memory.table_count++;
}

/* The kernel's table, out of its debug file. */
static void add_kernel_table(struct dump *d, struct debugfile *file)
{
	uint64_t start = UINT64_MAX, end = 0, offset = d->notes.kernel_offset;
	struct orc_table table = { 0 };
	size_t names;

	if (elf_getshdrstrndx(file->elf, &names))
		return;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
		GElf_Shdr head;
		const char *name;
		Elf_Data *data;

		if (!gelf_getshdr(section, &head) ||
		    !(name = elf_strptr(file->elf, names, head.sh_name)))
			continue;
		if (head.sh_flags & SHF_EXECINSTR && head.sh_addr) {
			start = head.sh_addr < start ? head.sh_addr : start;
			end = head.sh_addr + head.sh_size > end
				      ? head.sh_addr + head.sh_size
				      : end;
		}
		if (strncmp(name, ".orc_unwind", 11) || head.sh_type == SHT_NOBITS ||
		    !(data = elf_rawdata(section, NULL)) || !data->d_buf)
			continue;
		if (!strcmp(name, ".orc_unwind_ip") && !table.places.data) {
			table.places = copy_of(data->d_buf, data->d_size);
			table.base = head.sh_addr + offset;
		} else if (!strcmp(name, ".orc_unwind") && !table.entries.data) {
			table.entries = copy_of(data->d_buf, data->d_size);
		}
	}
	add_table(d, table, start + offset, end + offset);
}

static struct error *prepare_kernel(struct dump *d)
{
	const struct dump_notes *notes = &d->notes;
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	struct error *error = NULL;
	const char *path = NULL;

	if (*notes->release)
		error = symbolizer_set_release(d->symbolizer, notes->release);
	if (!error && *notes->build_id)
		error = symbolizer_set_kernel_build_id(d->symbolizer, notes->build_id);
	if (!error && notes->kernel_offset_known)
		error = symbolizer_kernel_file(d->symbolizer, &path);
	/* Not every file with symbols has tables: then the stack is searched. */
	if (!error && path)
		error_destroy(debugfile_open(path, NULL, &file));
	if (!error && file && file->elf)
		add_kernel_table(d, file);
	return error;
}

static uint64_t section_address(const struct module_layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->section_count; i++)
		if (!strcmp(layout->sections[i].name, name))
			return layout->sections[i].address;
	return 0;
}

/*
 * How many entries a module's table has nobody tells: both sections are neighbours, and
 * the places ascend.
 */
static size_t count_places(const struct orc_table *table, size_t most, uint64_t *last)
{
	uint64_t before = 0;
	size_t count = 0;

	for (; count < most; count++) {
		uint64_t at = table->base + 4 * count;
		int32_t distance;

		if (!span_read(table->places, 4 * count, &distance, 4))
			break;
		at += (uint64_t)(int64_t)distance;
		if (at < before)
			break;
		before = at;
	}
	*last = before;
	return count;
}

static void add_module_table(struct dump *d, const struct module_layout *layout)
{
	uint64_t text = section_address(layout, ".text");
	uint64_t init = section_address(layout, ".init.text");
	uint64_t places = section_address(layout, ".orc_unwind_ip");
	uint64_t entries = section_address(layout, ".orc_unwind"), last;
	struct orc_table table = { .base = places };
	size_t most = places > entries ? (places - entries) / 6 : (entries - places) / 4;
	_free_ uint8_t *bytes = NULL;

	if (!text || !places || !entries || !most || most * 6 > MODULE_TABLE_LIMIT)
		return;
	bytes = malloc(most * 6);
	if (!bytes || !read_memory(d, places, bytes, most * 4))
		return;
	table.places = copy_of(bytes, most * 4);
	most = count_places(&table, most, &last);
	table.places.size = most * 4;
	if (read_memory(d, entries, bytes, most * 6))
		table.entries = copy_of(bytes, most * 6);
	/* What only initialises has been freed, and lies elsewhere. */
	add_table(d, table, text, init > text && init < last ? init : last);
}

/* The note's sizes, type and "GNU\0" come before the id itself. */
static void read_build_id(struct dump *d, const struct module_layout *layout,
			  char ret[64])
{
	uint64_t at = section_address(layout, ".note.gnu.build-id");
	uint8_t note[16 + 20];

	*ret = 0;
	if (!at || !read_memory(d, at, note, sizeof(note)) || note[0] != 4 ||
	    note[4] != 20 || memcmp(note + 12, "GNU", 4))
		return;
	for (size_t i = 16; i < sizeof(note); i++)
		sprintf(ret + 2 * (i - 16), "%02x", note[i]);
}

static struct error *add_module(void *context, const struct module_layout *layout)
{
	struct module_layout known = *layout;
	struct dump *d = context;
	char build_id[64];

	read_build_id(d, layout, build_id);
	if (!known.build_id && *build_id)
		known.build_id = build_id;
	add_module_table(d, layout);
	return symbolizer_add_module(d->symbolizer, &known);
}

/* Owned path of the file of that name in the dump's folder; NULL when there is none. */
static struct error *prepare_modules(struct dump *d)
{
	const struct string_list *layouts = d->request->layouts;
	_free_ char *beside = NULL, *kallsyms = NULL;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < layouts->count; i++)
		error = layout_read(layouts->items[i], add_module, d);
	if (!error && !layouts->count)
		error = beside_find(d->request->path, beside_layouts, &beside);
	if (!error && beside)
		error = layout_read(beside, add_module, d);
	else if (!error && !layouts->count && d->request->report)
		error = report_not_checked(
			d->request->report, false, "frames in modules",
			"where modules were loaded is not known: modules.json does not "
			"lie beside %s, and --sections was not given",
			d->request->path);
	if (!error && !d->request->kallsyms)
		error = beside_find(d->request->path, beside_kallsyms, &kallsyms);
	if (!error && kallsyms)
		error = symbolizer_add_kallsyms(d->symbolizer, kallsyms);
	return error;
}

static struct error *add_stack(struct panic *p, unsigned int cpu,
			       const struct dump_stack *stack)
{
	struct panic_context *context;
	char name[32];

	snprintf(name, sizeof(name), "CPU %u", cpu);
	context = panic_add_context(p, name);
	for (size_t i = 0; context && i < stack->count; i++) {
		struct frame frame = { .address = stack->frames[i].address,
				       .kind = stack->frames[i].kind };
		struct error *error = frames_add(&context->frames, &frame);

		if (error)
			return error;
	}
	return context ? NULL : error_nomem();
}

static const struct frame *find_function(const struct panic_context *context,
					 const char *name)
{
	for (size_t i = 0; i < context->frames.count; i++) {
		const char *function = context->frames.items[i].function;

		if (function && !strcmp(function, name))
			return &context->frames.items[i];
	}
	return NULL;
}

/* Whether the CPU had stopped: the instruction before is "hlt". */
static bool is_halted(struct dump *d, unsigned int cpu)
{
	uint64_t ip = d->notes.cpus[cpu].registers[DUMP_RIP];
	uint8_t before;

	return d->notes.cpus[cpu].code_segment & 3 ||
	       (read_memory(d, ip - 1, &before, 1) && before == 0xf4);
}

/*
 * The CPU that has panic() on its stack. Where no names are known it is the only one
 * that runs: panic() halts all others. Gives -1 when it cannot be told.
 */
static int find_panicking(struct dump *d, const struct panic *p)
{
	int running = -1, count = 0;

	for (unsigned int i = 0; i < d->notes.cpu_count && i < p->context_count; i++)
		if (find_function(&p->contexts[i], "panic") ||
		    find_function(&p->contexts[i], "oops_end"))
			return (int)i;
	for (unsigned int i = 0; i < d->notes.cpu_count && i < p->context_count; i++)
		if (!is_halted(d, i)) {
			running = (int)i;
			count++;
		}
	return count == 1 ? running : -1;
}

/* The first trap that is an exception, as far as names tell; NULL without. */
static const struct dump_trap *find_fault(const struct dump_stack *stack,
					  const struct panic_context *context,
					  const struct frame **ret)
{
	size_t trap = 0;

	for (size_t i = 1; i < context->frames.count && trap < stack->trap_count; i++) {
		const struct frame *frame = &context->frames.items[i];
		const char *from = frame[-1].function;

		/* Of those inlined there the first stands for all. */
		if (frame->address != stack->traps[trap].registers[DUMP_RIP])
			continue;
		*ret = frame;
		if (!from || !strncmp(from, "asm_exc_", 8))
			return &stack->traps[trap];
		trap++;
	}
	*ret = NULL;
	return NULL;
}

static struct error *add_registers(struct panic *p, const uint64_t *values)
{
	for (int i = 0; i < DUMP_REGISTERS; i++)
		if (!panic_add_register(p, dump_register_names[i],
					strlen(dump_register_names[i]), values[i]))
			return error_nomem();
	return NULL;
}

/* The bytes around the instruction, as the kernel prints them. */
static struct error *add_code(struct dump *d, struct panic *p, uint64_t ip)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	uint8_t code[CODE_SIZE];

	if (!read_memory(d, ip - CODE_BEFORE, code, sizeof(code)))
		return NULL;
	for (int i = 0; i < CODE_SIZE; i++)
		strbuf_addf(&text, i == CODE_BEFORE ? "%s<%02x>" : "%s%02x", i ? " " : "",
			    code[i]);
	return strbuf_steal(&text, &p->code);
}

static struct error *blame(struct dump *d, struct panic *p)
{
	static const char unknown[] = "which CPU panicked cannot be told";
	int cpu = find_panicking(d, p);
	struct panic_context *context = cpu < 0 ? NULL : &p->contexts[cpu];
	const struct frame *from = NULL;
	const struct dump_trap *fault;
	struct error *error = NULL;

	if (!context)
		return panic_set(&p->corrupted, unknown, strlen(unknown)) ? NULL
									  : error_nomem();
	context->guilty = true;
	fault = find_fault(&d->stacks[cpu], context, &from);
	error = add_registers(p, fault ? fault->registers : d->notes.cpus[cpu].registers);
	if (!error && fault)
		error = add_code(d, p, fault->registers[DUMP_RIP]);
	if (!from)
		from = find_function(context, "panic");
	return error ? error
		     : blame_resolved(p, context,
				      from ? from - context->frames.items : 0);
}

static struct error *set_title(struct panic *p)
{
	char title[200];

	snprintf(title, sizeof(title), "kernel panic%s%s", p->function ? " in " : "",
		 p->function ? p->function : "");
	return panic_set(&p->title, title, strlen(title)) ? NULL : error_nomem();
}

static struct error *describe(struct dump *d, struct panic *p)
{
	const struct dump_notes *notes = &d->notes;

	p->dialect = "kernel-dump";
	p->os = "linux";
	p->type = "DoS";
	p->grade = PANIC_FATAL;
	p->kernel_offset = notes->kernel_offset;
	p->kernel_offset_known = notes->kernel_offset_known;
	if (!panic_set(&p->arch, "x86_64", 6) ||
	    (*notes->release &&
	     !panic_set(&p->release, notes->release, strlen(notes->release))) ||
	    (*notes->build_id &&
	     !panic_set(&p->kernel_build_id, notes->build_id, strlen(notes->build_id))))
		return error_nomem();
	for (unsigned int i = 0; i < notes->cpu_count; i++) {
		struct error *error;

		dump_walk(&d->memory, &notes->cpus[i], &d->stacks[i]);
		error = add_stack(p, i, &d->stacks[i]);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *prepare(const struct dump_request *request, struct symbolizer *s,
			     struct dump **ret)
{
	_cleanup_(dump_destroy) struct dump *d = calloc(1, sizeof(*d));
	_mapping_ struct mapping mapping = { 0 };
	struct error *error;

	if (!d)
		return error_nomem();
	d->fd = -1;
	d->request = request;
	d->symbolizer = s;
	d->memory.read = read_memory;
	d->memory.context = d;
	error = file_map(request->path, &mapping);
	if (!error)
		error = dump_read_notes(mapping.bytes, request->path, &d->notes);
	if (error)
		return error;
	d->stacks = calloc(d->notes.cpu_count, sizeof(*d->stacks));
	if (!d->stacks)
		return error_nomem();
	error = open_memory(d);
	if (!error)
		error = prepare_kernel(d);
	if (!error)
		error = prepare_modules(d);
	if (!error)
		*ret = take(d);
	return error;
}

struct error *dump_read_panic(const struct dump_request *request,
			      struct symbolizer *symbolizer, struct panic_log *log)
{
	_cleanup_(dump_destroy) struct dump *d = NULL;
	struct panic p = { 0 };
	struct error *error;

	symbolizer_start_log(symbolizer);
	error = prepare(request, symbolizer, &d);
	if (!error)
		error = describe(d, &p);
	if (!error)
		error = panic_log_add(log, &p);
	panic_deinit(&p);
	if (!error)
		error = panic_symbolize(log, symbolizer);
	if (!error)
		error = blame(d, &log->panics[log->count - 1]);
	if (!error)
		error = set_title(&log->panics[log->count - 1]);
	if (!error)
		panic_hash(&log->panics[log->count - 1]);
	return error;
}
