/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who the driver says it is, and whether the target's kernel could take it. */
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "gate/gate.h"
#include "readers/elf.h"
#include "readers/modinfo.h"

static struct error *check_release(const struct gate *gate, const char *path,
				   const char *vermagic)
{
	size_t n = vermagic ? strcspn(vermagic, " ") : 0;

	if (!vermagic)
		return error_new(
			ERROR_INPUT,
			"%s has no vermagic: it is no kernel module, or modpost did "
			"not see it",
			path);
	if (strlen(gate->kernel.release) == n &&
	    !strncmp(gate->kernel.release, vermagic, n))
		return NULL;
	return error_new(
		ERROR_INPUT,
		"%s was built for kernel %.*s, and the target kernel is %s: rebuild "
		"it, or fetch that kernel with './setup --kernel %.*s build' and give "
		"--kernel %.*s",
		path, (int)n, vermagic, gate->kernel.release, (int)n, vermagic, (int)n,
		vermagic);
}

static struct error *read_identity(struct gate *gate, const char *path,
				   struct span section)
{
	struct modinfo info = { 0 };
	struct error *error = modinfo_init(&info, section);
	const char *version;

	if (!error)
		error = check_release(gate, path, modinfo_get(&info, "vermagic"));
	version = error ? NULL : modinfo_get(&info, "version");
	if (version && !gate->version) {
		gate->version = strdup(version);
		if (!gate->version)
			error = error_nomem();
	}
	modinfo_deinit(&info);
	return error;
}

struct error *gate_identify(struct gate *gate)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < gate->modules.count; i++) {
		const char *path = gate->modules.items[i];
		_mapping_ struct mapping file = { { NULL, 0 }, 0 };
		_cleanup_(elf_reader_destroy) struct elf *elf = NULL;
		const struct elf_section *modinfo;
		struct span section;

		error = file_map(path, &file);
		if (!error)
			error = elf_reader_create(path, file.bytes, &elf);
		if (error)
			break;
		modinfo = elf_find(elf, ".modinfo");
		if (!modinfo || !elf_bytes(elf, modinfo, &section))
			return error_new(
				ERROR_INPUT,
				"%s has no .modinfo section: it is no kernel module",
				path);
		error = read_identity(gate, path, section);
	}
	return error;
}
