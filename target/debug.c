/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/debug.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "target/target.h"

/* The kernel's own copies, which the file does not have as sections. */
static bool is_table(const char *name)
{
	return !strcmp(name, ".symtab") || !strcmp(name, ".strtab");
}

/* "add-symbol-file FILE -s .text ADDRESS …", as gdb wants relocatable files. */
static struct error *add_module(struct strbuf *script, const json_t *module)
{
	const char *file = json_string_value(json_object_get(module, "file")), *name;
	const json_t *sections = json_object_get(module, "sections"), *address;
	json_t *own = (json_t *)sections;

	if (!file || !json_object_size(sections))
		return NULL;
	if (strpbrk(file, "'\n"))
		return error_new(ERROR_INPUT, "gdb cannot be given the file name %s",
				 file);
	strbuf_addf(script, "add-symbol-file '%s'", file);
	json_object_foreach(own, name, address) if (json_is_string(address) &&
						    name[0] == '.' && !is_table(name) &&
						    !strpbrk(name, " '\n\t") &&
						    strncmp(json_string_value(address),
							    "0x0000000000000000", 18))
		strbuf_addf(script, " -s %s %s", name, json_string_value(address));
	strbuf_addc(script, '\n');
	return NULL;
}

static struct error *write_script(const char *folder, char **ret)
{
	_free_ char *layouts = NULL;
	_strbuf_ struct strbuf script = STRBUF_INIT;
	struct error *error = file_join(folder, "modules.json", &layouts);
	json_t *document = NULL, *module;
	size_t index;

	strbuf_adds(&script, "set pagination off\nset confirm off\n"
			     "set architecture i386:x86-64\n");
	if (!error && !access(layouts, R_OK))
		document = json_load_file(layouts, 0, NULL);
	json_array_foreach(json_object_get(document, "modules"), index, module)
	{
		if (!error)
			error = add_module(&script, module);
	}
	json_decref(document);
	strbuf_addf(&script, "target remote %s\ninfo threads\n", TARGET_GDB_SOCKET);
	if (!error)
		error = file_join(folder, "attach.gdb", ret);
	if (!error)
		error = strbuf_error(&script);
	return error ? error : file_write(*ret, script.data, script.length, 0644);
}

struct error *debug_attach(const char *folder, const char *vmlinux)
{
	_free_ char *socket_path = NULL, *script = NULL;
	struct error *error = file_join(folder, TARGET_GDB_SOCKET, &socket_path);

	if (error)
		return error;
	if (access(socket_path, F_OK))
		return error_new(
			ERROR_MISSING,
			"no machine is held in %s: run it again with --hold, and "
			"leave that command running",
			folder);
	if (!process_found("gdb"))
		return error_new(ERROR_MISSING, "gdb is not installed");
	error = write_script(folder, &script);
	if (error)
		return error;
	if (chdir(folder))
		return error_errno(errno, "cannot use %s", folder);
	execlp("gdb", "gdb", "-q", "-x", "attach.gdb", vmlinux, (char *)NULL);
	return error_errno(errno, "cannot run gdb");
}
