/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/dump_notes.h"

#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"

/*
 * QEMU's note for each CPU: version and size (32 bits each), 18 registers, ten segments
 * of selector, limit, flags, padding (32 bits each) and base (64 bits), then CR0 to CR4.
 */
enum {
	NOTE_LIMIT = 1 << 20,
	QEMU_REGISTERS = 8,
	QEMU_SEGMENTS = QEMU_REGISTERS + 8 * DUMP_REGISTERS,
	QEMU_SEGMENT_SIZE = 24,
	QEMU_CONTROL = QEMU_SEGMENTS + 10 * QEMU_SEGMENT_SIZE,
	QEMU_SIZE = QEMU_CONTROL + 5 * 8,
};

const char *const dump_register_names[DUMP_REGISTERS] = {
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp", "r8",
	"r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip", "eflags",
};

bool dump_is_core(struct span file)
{
	Elf64_Ehdr head;

	return span_read(file, 0, &head, sizeof(head)) &&
	       !memcmp(head.e_ident, ELFMAG, SELFMAG) && head.e_type == ET_CORE;
}

static bool read_cpu(struct span data, struct dump_notes *ret)
{
	struct dump_cpu *cpu = &ret->cpus[ret->cpu_count];
	uint64_t control[5];
	uint32_t selector, version;

	if (data.size < QEMU_SIZE || ret->cpu_count >= DUMP_CPUS ||
	    !span_read(data, 0, &version, 4) || version != 1)
		return false;
	span_read(data, QEMU_REGISTERS, cpu->registers, sizeof(cpu->registers));
	span_read(data, QEMU_SEGMENTS, &selector, 4);
	span_read(data, QEMU_CONTROL, control, sizeof(control));
	cpu->code_segment = selector;
	cpu->cr2 = control[2];
	cpu->cr3 = control[3];
	cpu->cr4 = control[4];
	ret->cpu_count++;
	return true;
}

static void read_note_segment(struct span notes, struct dump_notes *ret)
{
	uint64_t at = 0;
	Elf64_Nhdr note;

	while (span_read(notes, at, &note, sizeof(note))) {
		uint64_t name_at = at + sizeof(note);
		uint64_t data_at = name_at + (((uint64_t)note.n_namesz + 3) & ~3ULL);
		struct span name, data;

		if (!span_slice(notes, name_at, note.n_namesz, &name) ||
		    !span_slice(notes, data_at, note.n_descsz, &data))
			return;
		if (name.size == 5 && !memcmp(name.data, "QEMU", 5))
			read_cpu(data, ret);
		at = data_at + (((uint64_t)note.n_descsz + 3) & ~3ULL);
	}
}

/* The value of "KEY=value\n" in @text; false when there is none or it is too long. */
static bool find_value(struct span text, const char *key, char *ret, size_t size)
{
	const char *at = memmem(text.data, text.size, key, strlen(key));
	const char *end = (const char *)text.data + text.size;
	size_t n = 0;

	*ret = 0;
	if (!at)
		return false;
	for (at += strlen(key); at < end && isgraph((unsigned char)*at); at++) {
		if (n + 1 >= size)
			return false;
		ret[n++] = *at;
	}
	ret[n] = 0;
	return n && at < end && *at == '\n';
}

/*
 * The kernel keeps a text about itself for crash kernels; it begins with its release.
 * Whatever else has these words lacks the lines that follow.
 */
static bool read_crash_notes(struct span text, struct dump_notes *ret)
{
	char release[sizeof(ret->release)], id[sizeof(ret->build_id)], offset[24], *end;

	if (!find_value(text, "OSRELEASE=", release, sizeof(release)) ||
	    !find_value(text, "\nPAGESIZE=", offset, sizeof(offset)) ||
	    !find_value(text, "\nKERNELOFFSET=", offset, sizeof(offset)))
		return false;
	ret->kernel_offset = strtoull(offset, &end, 16);
	if (*end)
		return false;
	ret->kernel_offset_known = true;
	strcpy(ret->release, release);
	if (find_value(text, "\nBUILD-ID=", id, sizeof(id)))
		strcpy(ret->build_id, id);
	return true;
}

static void find_crash_notes(struct span file, struct dump_notes *ret)
{
	static const char key[] = "OSRELEASE=";
	const uint8_t *at = file.data, *end = file.data + file.size;

	while ((at = memmem(at, (size_t)(end - at), key, sizeof(key) - 1))) {
		size_t left = (size_t)(end - at);
		struct span text = { at, left < 4096 ? left : 4096 };

		if (read_crash_notes(text, ret))
			return;
		at++;
	}
}

static struct error *check_head(struct span file, const char *path, Elf64_Ehdr *head)
{
	if (!span_read(file, 0, head, sizeof(*head)) || !dump_is_core(file))
		return error_new(ERROR_INPUT, "%s: no ELF core file", path);
	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_machine != EM_X86_64)
		return error_new(ERROR_INPUT,
				 "%s: a memory dump of machine %u: only x86-64 is read",
				 path, head->e_machine);
	return NULL;
}

struct error *dump_read_notes(struct span file, const char *path, struct dump_notes *ret)
{
	Elf64_Ehdr head;
	struct error *error = check_head(file, path, &head);

	*ret = (struct dump_notes){ 0 };
	for (unsigned int i = 0; !error && i < head.e_phnum; i++) {
		Elf64_Phdr segment;
		struct span notes;

		if (!span_read(file, head.e_phoff + i * sizeof(segment), &segment,
			       sizeof(segment)) ||
		    (segment.p_type == PT_LOAD &&
		     !span_slice(file, segment.p_offset, segment.p_filesz, &notes)))
			return error_new(ERROR_INPUT, "%s: the dump is cut short", path);
		if (segment.p_type == PT_NOTE && segment.p_filesz <= NOTE_LIMIT &&
		    span_slice(file, segment.p_offset, segment.p_filesz, &notes))
			read_note_segment(notes, ret);
	}
	if (!error && !ret->cpu_count)
		error = error_new(
			ERROR_INPUT,
			"%s: a core file without QEMU's notes of CPUs: only what "
			"QEMU's dump-guest-memory writes is read",
			path);
	if (!error)
		find_crash_notes(file, ret);
	return error;
}
