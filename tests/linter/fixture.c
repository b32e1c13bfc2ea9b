/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/linter/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "readers/bundle.h"
#include "report/json.h"
#include "tests/apple/macho_writer.h"
#include "tests/linter/fixture_archive.h"

static struct error *run_tool(const char *folder, const char *const *argv)
{
	struct process_options options = { .folder = folder,
					   .timeout_ns = 300ULL * 1000000000,
					   .keep_stderr = true };
	struct process_result result = { 0 };
	struct error *error = process_run(argv, &options, &result);

	if (!error && result.status)
		error = error_new(ERROR_INPUT, "%s failed: %s", argv[0],
				  strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	return error;
}

static struct error *assemble(const struct member *member, const char *to)
{
	_free_ char *object = strndup(to, strlen(to) - 2);
	_free_ char *out = NULL, *include = NULL;
	struct error *error = file_data_folder("tests/linter/fixtures", &include);
	const char *argv[] = { "as", "-I", include, "-o", NULL, member->disk, NULL };

	if (error)
		return error;
	if (!object || asprintf(&out, "%s.ko", object) < 0)
		return out = NULL, error_nomem();
	argv[2] = include;
	argv[4] = out;
	return run_tool(NULL, argv);
}

static struct error *copy_member(const struct bundle *bundle, const struct member *member,
				 const char *target)
{
	_content_ struct content content = { 0 };
	_free_ char *to = NULL;
	struct error *error = file_join(target, member->path, &to);

	if (error)
		return error;
	if (member->kind == MEMBER_FOLDER)
		return file_make_folder(to, 0755);
	if (member->kind != MEMBER_FILE || !strcmp(member->path, "fixture.json"))
		return NULL;
	if (path_ends_with(member->path, ".S"))
		return assemble(member, to);
	error = bundle_read(bundle, member, &content);
	return error ? error
		     : file_write(to, content.bytes.data, content.bytes.size, 0644);
}

static const char *text_of(const json_t *step, const char *key)
{
	return json_string_value(json_object_get(step, key));
}

static struct error *path_of(const char *folder, const json_t *step, const char *key,
			     char **ret)
{
	const char *name = text_of(step, key);

	return name ? file_join(folder, name, ret)
		    : error_new(ERROR_INPUT, "step without \"%s\"", key);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* "text" or "hex" (blanks allowed) of a step. */
static struct error *bytes_of(const json_t *step, struct strbuf *ret)
{
	const char *text = text_of(step, "text"), *hex = text_of(step, "hex");

	if (text)
		strbuf_adds(ret, text);
	while (hex && *hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		strbuf_addc(ret, (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
		hex += 2;
	}
	return strbuf_error(ret);
}

static struct error *write_at(const char *path, const json_t *step, bool append)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	off_t offset = json_integer_value(json_object_get(step, "offset"));
	struct error *error = bytes_of(step, &bytes);

	if (error)
		return error;
	if (fd < 0)
		return error_errno(errno, "cannot open %s", path);
	if (append)
		offset = lseek(fd, 0, SEEK_END);
	if (pwrite(fd, bytes.data, bytes.length, offset) != (ssize_t)bytes.length)
		return error_errno(errno, "cannot write %s", path);
	return NULL;
}

static struct error *step_patch(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "patch", &path);

	return error ? error : write_at(path, step, false);
}

static struct error *step_append(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "append", &path);

	return error ? error : write_at(path, step, true);
}

static struct error *step_truncate(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "truncate", &path);

	if (!error && truncate(path, json_integer_value(json_object_get(step, "size"))))
		error = error_errno(errno, "cannot truncate %s", path);
	return error;
}

static struct error *step_chmod(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "chmod", &path);

	if (!error && chmod(path, strtoul(text_of(step, "mode"), NULL, 8)))
		error = error_errno(errno, "cannot chmod %s", path);
	return error;
}

static struct error *step_symlink(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "symlink", &path);

	if (!error && symlink(text_of(step, "to"), path))
		error = error_errno(errno, "cannot link %s", path);
	return error;
}

static struct error *step_rename(const char *folder, const json_t *step)
{
	_free_ char *from = NULL, *to = NULL;
	struct error *error = path_of(folder, step, "rename", &from);

	if (!error)
		error = path_of(folder, step, "to", &to);
	if (!error && rename(from, to))
		error = error_errno(errno, "cannot rename %s", from);
	return error;
}

static struct error *step_remove(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "remove", &path);

	return error ? error : file_remove_tree(path);
}

static struct error *step_compress(const char *folder, const json_t *step)
{
	_free_ char *from = NULL, *to = NULL;
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = path_of(folder, step, "compress", &from);

	if (!error)
		error = path_of(folder, step, "to", &to);
	if (!error)
		error = file_map(from, &mapping);
	if (!error)
		error = fixture_compress(mapping.bytes, to);
	if (!error)
		error = file_remove_tree(from);
	return error;
}

static struct error *step_run(const char *folder, const json_t *step)
{
	const json_t *words = json_object_get(step, "run");
	const char *argv[32] = { NULL };

	for (size_t i = 0; i < json_array_size(words) && i < 31; i++)
		argv[i] = json_string_value(json_array_get(words, i));
	return run_tool(folder, argv);
}

static struct error *step_write(const char *folder, const json_t *step)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "write", &path);

	if (!error)
		error = bytes_of(step, &bytes);
	return error ? error
		     : file_write(path, strbuf_string(&bytes), bytes.length, 0644);
}

static struct error *step_replace(const char *folder, const json_t *step)
{
	const char *from = text_of(step, "text"), *to = text_of(step, "with"), *found;
	_strbuf_ struct strbuf result = STRBUF_INIT;
	_free_ char *path = NULL, *text = NULL;
	struct error *error = path_of(folder, step, "replace", &path);

	if (!error)
		error = file_read_text(path, 1 << 20, &text);
	if (error)
		return error;
	found = strstr(text, from);
	if (!found || strstr(found + 1, from))
		return error_new(ERROR_INPUT, "%s: not once in it: %s", path, from);
	strbuf_add(&result, text, found - text);
	strbuf_adds(&result, to);
	strbuf_adds(&result, found + strlen(from));
	return file_write(path, strbuf_string(&result), result.length, 0644);
}

static struct error *step_folder(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "folder", &path);

	return error ? error : file_make_folder(path, 0755);
}

static struct error *step_copy(const char *folder, const json_t *step)
{
	const char *argv[] = { "cp", "-a", text_of(step, "copy"), text_of(step, "to"),
			       NULL };

	return run_tool(folder, argv);
}

static struct error *make_executable(const struct member *member)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	_free_ char *text = NULL, *to = strndup(member->disk, strlen(member->disk) - 6);
	struct error *error = file_read_text(member->disk, 1 << 20, &text);

	if (!to) {
		error_destroy(error);
		return error_nomem();
	}
	if (!error)
		error = macho_write(text, &out);
	if (!error)
		error = file_write(to, out.data, out.length, 0755);
	return error_wrap(error ? error : file_remove_tree(member->disk), "%s",
			  member->disk);
}

static struct error *step_executables(const char *folder, const json_t *step)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	struct error *error = bundle_open(folder, NULL, &bundle);

	(void)step;
	for (size_t i = 0; !error && i < bundle->count; i++)
		if (bundle->members[i].disk &&
		    path_ends_with(bundle->members[i].path, ".macho"))
			error = make_executable(&bundle->members[i]);
	return error;
}

static const struct step {
	const char *name;
	struct error *(*run)(const char *folder, const json_t *step);
} steps[] = {
	{ "patch", step_patch },
	{ "append", step_append },
	{ "truncate", step_truncate },
	{ "chmod", step_chmod },
	{ "symlink", step_symlink },
	{ "rename", step_rename },
	{ "remove", step_remove },
	{ "compress", step_compress },
	{ "write", step_write },
	{ "replace", step_replace },
	{ "folder", step_folder },
	{ "copy", step_copy },
	{ "executables", step_executables },
	{ "run", step_run },
	{ "archive", fixture_archive },
};

static struct error *do_step(const char *folder, const json_t *step)
{
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++)
		if (json_object_get(step, steps[i].name))
			return steps[i].run(folder, step);
	return error_new(ERROR_INPUT, "a step of no known kind");
}

static struct error *copy_all(const char *source, const char *target)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	struct error *error = bundle_open(source, NULL, &bundle);

	for (size_t i = 0; !error && i < bundle->count; i++)
		error = copy_member(bundle, &bundle->members[i], target);
	return error;
}

static struct error *copy_base(const json_t *json, const char *target)
{
	_free_ char *bases = NULL, *source = NULL;
	const char *base = text_of(json, "base");
	struct error *error;

	if (!base)
		return NULL;
	error = file_data_folder("tests/linter/bases", &bases);
	if (!error)
		error = file_join(bases, base, &source);
	return error ? error : copy_all(source, target);
}

struct error *fixture_make(const char *source, const char *target, json_t **json)
{
	_free_ char *description = NULL;
	struct error *error = file_join(source, "fixture.json", &description);
	const json_t *list;

	*json = NULL;
	if (!error && !access(description, F_OK))
		error = json_load_path(description, json);
	if (!error)
		error = copy_base(*json, target);
	if (!error)
		error = copy_all(source, target);
	list = json_object_get(*json, "steps");
	for (size_t i = 0; !error && i < json_array_size(list); i++)
		error = do_step(target, json_array_get(list, i));
	if (!error)
		error = step_executables(target, NULL);
	return error_wrap(error, "%s", source);
}
