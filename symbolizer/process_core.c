/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/process_core.h"

#include <elf.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/span.h"
#include "symbolizer/blame.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/symbolizer.h"

enum {
	FRAME_LIMIT = 512,
	THREAD_LIMIT = 200,
	NOTE_LIMIT = 64 << 20,
	REGISTERS = 27, /* of x86-64's prstatus */
	STATUS_SIGNAL = 12,
	STATUS_REGISTERS = 112,
	INFO_NAME = 40,
	SIGNAL_ADDRESS = 16,
};

struct core {
	const char *path;
	Elf *elf;
	Dwfl *dwfl;
	int fd;
	struct symbolizer *symbolizer;
	struct panic panic;
	int signal;
	uint64_t address; /* that the signal is about */
	bool address_known;
	struct error *error; /* of a callback */
	struct span files;   /* of NT_FILE: what was mapped where */
	struct frames *frames;
};

static void core_deinit(struct core *core)
{
	if (core->dwfl)
		dwfl_end(core->dwfl);
	elf_end(core->elf);
	if (core->fd >= 0)
		close(core->fd);
	panic_deinit(&core->panic);
	error_destroy(core->error);
}

#define _core_ __attribute__((cleanup(core_deinit)))

/* Calls @visit for every note until it says true; gives whether it did. */
static bool each_note(Elf *elf,
		      bool (*visit)(void *context, const char *name, unsigned int type,
				    struct span content),
		      void *context)
{
	size_t count = 0;

	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		GElf_Nhdr note;
		Elf_Data *data;
		size_t at = 0, name, content;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_NOTE ||
		    segment.p_filesz > NOTE_LIMIT)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)segment.p_offset,
					    segment.p_filesz, ELF_T_NHDR);
		while (data && (at = gelf_getnote(data, at, &note, &name, &content)) > 0)
			if (visit(context,
				  note.n_namesz ? (const char *)data->d_buf + name : "",
				  note.n_type,
				  (struct span){ (uint8_t *)data->d_buf + content,
						 note.n_descsz }))
				return true;
	}
	return false;
}

static bool is_of_a_process(void *context, const char *name, unsigned int type,
			    struct span content)
{
	(void)context;
	(void)content;
	return type == NT_AUXV && !strncmp(name, "CORE", 4);
}

bool process_core_recognise(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool found = false;
	GElf_Ehdr head;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && gelf_getehdr(elf, &head) && head.e_type == ET_CORE)
		found = each_note(elf, is_of_a_process, NULL);
	elf_end(elf);
	return found;
}

static const char *const register_names[REGISTERS] = {
	"r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8",
	"rax", "rcx", "rdx", "rsi", "rdi", NULL,  "rip", NULL,	NULL, "rsp",
};

/* The first thread's is the one that died. */
static void read_status(struct core *core, struct span content)
{
	GElf_Ehdr head;
	uint16_t signal;
	uint64_t value;

	if (core->signal || !span_read(content, STATUS_SIGNAL, &signal, sizeof(signal)))
		return;
	core->signal = signal;
	if (!gelf_getehdr(core->elf, &head) || head.e_machine != EM_X86_64)
		return;
	for (size_t i = 0; i < REGISTERS; i++)
		if (register_names[i] &&
		    span_read(content, STATUS_REGISTERS + 8 * i, &value, sizeof(value)))
			panic_add_register(&core->panic, register_names[i],
					   strlen(register_names[i]), value);
}

static bool read_note(void *context, const char *name, unsigned int type,
		      struct span content)
{
	struct core *core = context;
	char process[17] = "";

	if (strncmp(name, "CORE", 4) != 0)
		return false;
	if (type == NT_PRSTATUS)
		read_status(core, content);
	else if (type == NT_PRPSINFO && span_read(content, INFO_NAME, process, 16))
		panic_set(&core->panic.process, process, strlen(process));
	else if (type == NT_FILE)
		core->files = content;
	else if (type == NT_SIGINFO &&
		 span_read(content, SIGNAL_ADDRESS, &core->address, 8))
		core->address_known = true;
	return false;
}

/* Debug files are a matter of the symbolizer: libdw only unwinds. */
static int find_no_other(Dwfl_Module *module, void **data, const char *name,
			 Dwarf_Addr base, const char *file, const char *link,
			 GElf_Word checksum, char **found)
{
	(void)module, (void)data, (void)name, (void)base;
	(void)file, (void)link, (void)checksum, (void)found;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = find_no_other,
};

static struct error *foreign(const struct core *core, const char *what)
{
	return error_new(ERROR_INPUT, "%s: %s: %s", core->path, what, dwfl_errmsg(-1));
}

static struct error *open_core(struct core *core)
{
	core->fd = open(core->path, O_RDONLY | O_CLOEXEC);
	if (core->fd < 0)
		return error_errno(errno, "cannot open core %s", core->path);
	elf_version(EV_CURRENT);
	core->elf = elf_begin(core->fd, ELF_C_READ_MMAP, NULL);
	if (!core->elf)
		return error_new(ERROR_INPUT, "%s: %s", core->path, elf_errmsg(-1));
	each_note(core->elf, read_note, core);
	core->dwfl = dwfl_begin(&callbacks);
	if (!core->dwfl)
		return error_nomem();
	dwfl_report_begin(core->dwfl);
	if (dwfl_core_file_report(core->dwfl, core->elf, NULL) < 0)
		return foreign(core, "cannot tell what was mapped");
	dwfl_report_end(core->dwfl, NULL, NULL);
	if (dwfl_core_file_attach(core->dwfl, core->elf) < 0)
		return foreign(core, "cannot tell its threads");
	return NULL;
}

static void read_build_id(Dwfl_Module *module, char ret[64])
{
	const unsigned char *bytes = NULL;
	GElf_Addr address;
	int size = dwfl_module_build_id(module, &bytes, &address);

	ret[0] = 0;
	for (int i = 0; i < size && i < 31; i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

/*
 * The path of what was mapped at @address, within the note; NULL: nothing was. The note
 * has a count, the size of a page, three numbers for each mapping, then all the names.
 */
static const char *mapped_file(const struct core *core, uint64_t address)
{
	uint64_t count = 0, start = 0, end = 0;
	size_t at;

	if (!span_read(core->files, 0, &count, 8) || count > core->files.size / 24)
		return NULL;
	at = 16 + 24 * (size_t)count;
	for (uint64_t i = 0; i < count && at < core->files.size; i++) {
		const char *name = (const char *)core->files.data + at;
		const char *stop = memchr(name, 0, core->files.size - at);

		if (!stop || !span_read(core->files, 16 + 24 * i, &start, 8) ||
		    !span_read(core->files, 24 + 24 * i, &end, 8))
			return NULL;
		if (address >= start && address < end)
			return name;
		at += (size_t)(stop - name) + 1;
	}
	return NULL;
}

static struct error *resolve(struct core *core, uint64_t address, enum frame_kind kind)
{
	Dwfl_Module *module =
		dwfl_addrmodule(core->dwfl, address - (kind == FRAME_RETURN));
	const char *name = NULL, *path = NULL;
	struct file_place place = { .load_address = address };
	GElf_Addr bias = 0;
	char build_id[64];

	if (module)
		name = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &path,
					NULL);
	if (!name) {
		const struct frame frame = { .address = address,
					     .kind = kind,
					     .confidence = "no symbol" };

		return frames_add(core->frames, &frame);
	}
	/* The main file is known once it has been opened. */
	if (dwfl_module_getelf(module, &bias))
		dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &path, NULL);
	read_build_id(module, build_id);
	place.module = basename(name);
	place.path = path ? path : mapped_file(core, address);
	place.build_id = *build_id ? build_id : NULL;
	place.address = address - bias;
	return symbolizer_resolve_in_file(core->symbolizer, &place, kind, core->frames);
}

static int take_frame(Dwfl_Frame *state, void *context)
{
	struct core *core = context;
	bool exact = false;
	Dwarf_Addr address;

	if (!dwfl_frame_pc(state, &address, &exact) || core->frames->count >= FRAME_LIMIT)
		return DWARF_CB_ABORT;
	core->error = resolve(core, address, exact ? FRAME_EXACT : FRAME_RETURN);
	return core->error ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static int take_thread(Dwfl_Thread *thread, void *context)
{
	struct core *core = context;
	struct panic_context *stack;
	char name[40];

	if (core->panic.context_count >= THREAD_LIMIT)
		return DWARF_CB_ABORT;
	snprintf(name, sizeof(name), "thread %d", (int)dwfl_thread_tid(thread));
	stack = panic_add_context(&core->panic, name);
	if (!stack) {
		core->error = error_nomem();
		return DWARF_CB_ABORT;
	}
	core->frames = &stack->frames;
	/* A stack whose end cannot be found is kept as far as it goes. */
	dwfl_thread_getframes(thread, take_frame, core);
	return core->error ? DWARF_CB_ABORT : DWARF_CB_OK;
}

/* What stops a process on behalf of its caller. */
static const char *const stoppers[] = {
	"raise",
	"gsignal",
	"abort",
	"kill",
	"__GI_raise",
	"__GI_abort",
	"pthread_kill",
	"__pthread_kill_",
	"__assert_fail",
	"__libc_message",
	"malloc_printerr",
	"__fortify_fail",
	"__stack_chk_fail",
	"_int_free",
	"__libc_free",
	"__chk_fail",
};

static bool is_stopper(const char *function)
{
	for (size_t i = 0; i < ARRAY_LENGTH(stoppers); i++)
		if (!strncmp(function, stoppers[i], strlen(stoppers[i])))
			return true;
	return blame_is_helper(function);
}

static struct error *accuse(struct panic *p)
{
	const struct frames *frames = p->context_count ? &p->contexts[0].frames : NULL;

	for (size_t i = 0; frames && i < frames->count; i++) {
		const struct frame *frame = &frames->items[i];

		if (!frame->function || frame->kind == FRAME_INLINE ||
		    is_stopper(frame->function))
			continue;
		if (!panic_set(&p->function, frame->function, strlen(frame->function)) ||
		    (frame->module &&
		     !panic_set(&p->module, frame->module, strlen(frame->module))))
			return error_nomem();
		return NULL;
	}
	return NULL;
}

static bool is_access(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS;
}

static struct error *describe(struct core *core)
{
	struct panic *p = &core->panic;
	const char *name = sigabbrev_np(core->signal);
	char text[256];

	p->dialect = "process-core";
	p->os = "linux";
	p->grade = PANIC_SERIOUS;
	p->type = !is_access(core->signal) ? "DoS"
		  : core->address_known && core->address < 4096
			  ? "NULL-POINTER-DEREFERENCE"
			  : "MEMORY_SAFETY_BUG";
	snprintf(text, sizeof(text), "SIG%s%s%.200s", name ? name : "?",
		 p->function ? " in " : "", p->function ? p->function : "");
	if (!panic_set(&p->title, text, strlen(text)))
		return error_nomem();
	if (!is_access(core->signal) || !core->address_known)
		return NULL;
	snprintf(text, sizeof(text),
		 core->address < 4096 ? "access to NULL + 0x%llx" : "access to 0x%llx",
		 (unsigned long long)core->address);
	return panic_set(&p->reading, text, strlen(text)) ? NULL : error_nomem();
}

struct error *process_core_read(const char *path, struct symbolizer *symbolizer,
				struct panic_log *log)
{
	_core_ struct core core = { .path = path, .fd = -1, .symbolizer = symbolizer };
	struct error *error;

	symbolizer_start_log(symbolizer);
	error = open_core(&core);
	if (error)
		return error;
	if (dwfl_getthreads(core.dwfl, take_thread, &core) < 0 && !core.error)
		return foreign(&core, "cannot read its threads");
	if (core.error) {
		error = core.error;
		core.error = NULL;
		return error;
	}
	if (core.panic.context_count)
		core.panic.contexts[0].guilty = true;
	error = accuse(&core.panic);
	if (!error)
		error = describe(&core);
	if (!error)
		error = symbolizer_searched(symbolizer, &core.panic.searched);
	panic_hash(&core.panic);
	return error ? error : panic_log_add(log, &core.panic);
}
