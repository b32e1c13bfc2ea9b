/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installs a Debian package with the real dpkg, upgrades it from the release before,
 * lets its modules be loaded by their aliases, as a device that appears does, and
 * removes it. What has to hold in between:
 *
 * - an alias of each module loads it, and it is the file of the package,
 * - after an upgrade no module of the old package is loaded still,
 * - after the removal nothing of it is loaded, no file of it is there, and its aliases
 *   lead nowhere.
 *
 * dpkg, a shell, kmod and the usual small programs are carried to the target; what the
 * package depends on is not asked for (--force-depends).
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/file.h"
#include "cycler/kinds/kind.h"
#include "cycler/kinds/text_file.h"

#define DPKG  "dpkg --force-depends --force-not-root --no-triggers"
#define ADMIN "/var/lib/dpkg"

enum {
	MAX_MODULES = 16,
	MAX_LIST = 256 << 10,
	LINE = 600,
};

struct package_module {
	char file[512], name[64], alias[256]; /* alias "": it has none */
};

struct package_cycle {
	char *file, *previous; /* previous: NULL, the package upgrades itself */
	char name[128];	       /* as dpkg calls it */
	char *files;	       /* what is installed, a path a line */
	struct package_module modules[MAX_MODULES];
	size_t module_count;
	bool installed;
	char detail[1024];
};

static void package_destroy(void *state)
{
	struct package_cycle *p = state;

	free(p->file);
	free(p->previous);
	free(p->files);
	free(p);
}

static bool is_plain(const char *path)
{
	return !strpbrk(path, "'\\\n");
}

static struct error *package_create(const json_t *options, const char *where, void **ret)
{
	const char *file = json_string_value(json_object_get(options, "package"));
	const char *previous = json_string_value(json_object_get(options, "previous"));
	struct package_cycle *p;

	if (!is_plain(file) || (previous && !is_plain(previous)))
		return error_new(ERROR_INPUT,
				 "%s: a package's path holds a quote, a backslash or a "
				 "new line",
				 where);
	p = calloc(1, sizeof(*p));
	if (!p)
		return error_nomem();
	p->file = strdup(file);
	p->previous = previous ? strdup(previous) : NULL;
	if (!p->file || (previous && !p->previous)) {
		package_destroy(p);
		return error_nomem();
	}
	*ret = p;
	return NULL;
}

/* Runs a shell's line; its output, cut at @size. The exit status, or below 0. */
static int shell(const char *line, char *output, size_t size)
{
	FILE *pipe = popen(line, "re");
	size_t length = 0, n;
	char rest[512];
	int status;

	if (!pipe)
		return -errno;
	while (length + 1 < size &&
	       (n = fread(output + length, 1, size - 1 - length, pipe)) > 0)
		length += n;
	if (size)
		output[length] = 0;
	while (fread(rest, 1, sizeof(rest), pipe) > 0)
		;
	status = pclose(pipe);
	return status < 0 ? -errno : WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* A command of the package manager's: what it said is the detail when it fails. */
static int run(struct package_cycle *p, const char *line)
{
	int rc = shell(line, p->detail, sizeof(p->detail));

	if (!rc)
		p->detail[0] = 0;
	return rc < 0 ? rc : rc ? -EREMOTEIO : 0;
}

/* dpkg's own folders, in a target that was never Debian. */
static struct error *package_prepare(void *state)
{
	static const char *const folders[] = { ADMIN "/info",	  ADMIN "/updates",
					       ADMIN "/triggers", "/tmp",
					       "/var/log",	  "/run" };
	struct package_cycle *p = state;
	struct error *error = NULL;
	char line[LINE];

	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("DEBIAN_FRONTEND", "noninteractive", 1);
	for (size_t i = 0; !error && i < sizeof(folders) / sizeof(*folders); i++)
		error = file_make_folder(folders[i], 0755);
	if (error)
		return error;
	snprintf(line, sizeof(line),
		 ": >>" ADMIN "/status; dpkg-deb -f '%s' Package 2>&1", p->file);
	if (shell(line, p->name, sizeof(p->name)))
		return error_new(ERROR_INPUT, "%s is no package: %s", p->file, p->name);
	p->name[strcspn(p->name, "\n")] = 0;
	return NULL;
}

/* "pci:v00001234d*sv*" is what a device with any sub-vendor would say. */
static void make_alias(char *alias)
{
	alias[strcspn(alias, "\n")] = 0;
	for (; *alias; alias++)
		if (*alias == '*' || *alias == '?')
			*alias = '0';
}

static void add_module(struct package_cycle *p, const char *file)
{
	struct package_module *m = &p->modules[p->module_count];
	const char *slash = strrchr(file, '/');
	char line[LINE];

	if (p->module_count == MAX_MODULES || strlen(file) >= sizeof(m->file))
		return;
	snprintf(m->file, sizeof(m->file), "%s", file);
	snprintf(m->name, sizeof(m->name), "%.60s", slash + 1);
	m->name[strcspn(m->name, ".")] = 0;
	for (char *c = m->name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	snprintf(line, sizeof(line), "modinfo -F alias '%s' 2>/dev/null", file);
	if (shell(line, m->alias, sizeof(m->alias)))
		m->alias[0] = 0;
	make_alias(m->alias);
	p->module_count++;
}

static bool is_module_file(const char *path)
{
	const char *dot = strstr(path, ".ko");

	return strstr(path, "/lib/modules/") && dot && (!dot[3] || dot[3] == '.');
}

/* What dpkg says it has installed: to look for when it is removed. */
static int list_files(struct package_cycle *p)
{
	char line[LINE], *copy, *rest, *file;
	int rc;

	free(p->files);
	p->files = malloc(MAX_LIST);
	if (!p->files)
		return -ENOMEM;
	snprintf(line, sizeof(line), "dpkg -L '%s' 2>&1", p->name);
	rc = shell(line, p->files, MAX_LIST);
	copy = rc ? NULL : strdup(p->files);
	p->module_count = 0;
	rest = copy;
	while (rest && (file = strsep(&rest, "\n")))
		if (is_module_file(file))
			add_module(p, file);
	free(copy);
	return rc < 0 ? rc : rc ? -EREMOTEIO : 0;
}

static int install(struct package_cycle *p, const char *file)
{
	char line[LINE];
	int rc;

	snprintf(line, sizeof(line), DPKG " -i '%.400s' 2>&1", file);
	rc = run(p, line);
	if (rc)
		return rc;
	p->installed = true;
	return list_files(p);
}

static int install_first(struct package_cycle *p)
{
	return install(p, p->previous ? p->previous : p->file);
}

static bool is_loaded(const struct package_module *m)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", m->name);
	return !access(path, F_OK);
}

/* Whether what is loaded is what lies in the file. */
static bool is_same(const struct package_module *m)
{
	char path[128], loaded[64], line[LINE], file[64];

	snprintf(path, sizeof(path), "/sys/module/%s/srcversion", m->name);
	if (text_file_read(path, loaded, sizeof(loaded)))
		return true; /* a kernel, or a module, without srcversion */
	snprintf(line, sizeof(line), "modinfo -F srcversion '%s' 2>/dev/null", m->file);
	if (shell(line, file, sizeof(file)))
		return false;
	file[strcspn(file, "\n")] = 0;
	return !strcmp(file, loaded);
}

/* As the event of a new device does it: by the alias, and modules.alias leads on. */
static int autoload(struct package_cycle *p)
{
	for (size_t i = 0; i < p->module_count; i++) {
		struct package_module *m = &p->modules[i];
		char line[LINE];
		int rc;

		snprintf(line, sizeof(line), "modprobe '%s' 2>&1",
			 *m->alias ? m->alias : m->name);
		rc = run(p, line);
		if (rc)
			return rc;
		if (!is_loaded(m)) {
			snprintf(p->detail, sizeof(p->detail), "'%s' does not load %s",
				 m->alias, m->name);
			return -ENODEV;
		}
		if (!is_same(m)) {
			snprintf(p->detail, sizeof(p->detail),
				 "the %s that is loaded is not %s", m->name, m->file);
			return -ESTALE;
		}
	}
	return 0;
}

static int upgrade(struct package_cycle *p)
{
	return install(p, p->file);
}

static int check_stale(struct package_cycle *p)
{
	for (size_t i = 0; i < p->module_count; i++)
		if (is_loaded(&p->modules[i]) && !is_same(&p->modules[i])) {
			snprintf(p->detail, sizeof(p->detail),
				 "%s of the package before is loaded still; the package "
				 "has to unload it, or to load the new one",
				 p->modules[i].name);
			return -ESTALE;
		}
	return 0;
}

static int remove_package(struct package_cycle *p)
{
	char line[LINE];
	int rc;

	if (!p->installed)
		return 0;
	snprintf(line, sizeof(line), DPKG " --purge '%s' 2>&1", p->name);
	rc = run(p, line);
	p->installed = rc != 0;
	return rc;
}

static int check_modules_gone(struct package_cycle *p)
{
	for (size_t i = 0; i < p->module_count; i++) {
		struct package_module *m = &p->modules[i];
		char line[LINE];

		if (is_loaded(m)) {
			snprintf(p->detail, sizeof(p->detail),
				 "%s is loaded still, its package is gone", m->name);
			return -EBUSY;
		}
		snprintf(line, sizeof(line), "modprobe -n -q '%s' 2>&1",
			 *m->alias ? m->alias : m->name);
		if (!shell(line, p->detail, sizeof(p->detail))) {
			snprintf(p->detail, sizeof(p->detail),
				 "'%s' still leads to a module: depmod did not run",
				 *m->alias ? m->alias : m->name);
			return -EEXIST;
		}
	}
	p->detail[0] = 0;
	return 0;
}

static int check_files_gone(struct package_cycle *p)
{
	char *copy = p->files ? strdup(p->files) : NULL, *rest = copy, *file;
	struct stat st;
	int rc = 0;

	/* folders may be others', too */
	while (!rc && rest && (file = strsep(&rest, "\n")))
		if (*file == '/' && !lstat(file, &st) && !S_ISDIR(st.st_mode)) {
			snprintf(p->detail, sizeof(p->detail),
				 "%.400s is there still, its package is gone", file);
			rc = -ENOTEMPTY;
		}
	free(copy);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(struct package_cycle *p);
} steps[] = {
	{ "install", install_first },
	{ "autoload", autoload },
	{ "upgrade", upgrade },
	{ "check for stale modules", check_stale },
	{ "remove", remove_package },
	{ "check modules", check_modules_gone },
	{ "check files", check_files_gone },
};

enum { OPENING = 4, CLOSING = 3 };

static size_t package_opening(const void *state)
{
	(void)state;
	return OPENING;
}

static size_t package_closing(const void *state)
{
	(void)state;
	return CLOSING;
}

static const char *package_step_name(const void *state, size_t step)
{
	(void)state;
	return steps[step].name;
}

static int package_step(void *state, size_t step)
{
	struct package_cycle *p = state;

	p->detail[0] = 0;
	return steps[step].run(p);
}

static const char *package_detail(const void *state)
{
	const struct package_cycle *p = state;

	return *p->detail ? p->detail : NULL;
}

static const char *package_subject(const void *state)
{
	const char *file = ((const struct package_cycle *)state)->file;
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static const struct plan_key keys[] = {
	{ "package", PLAN_FILE, true, "the .deb, with modules for the target's kernel" },
	{ "previous", PLAN_FILE, false,
	  "the release before it, to upgrade from; default: the package itself" },
	{ "programs", PLAN_PROGRAMS, false,
	  "further programs that the package's scripts call" },
	{ NULL },
};

/* What dpkg looks for, and what maintainer scripts call most. */
static const char *const programs[] = {
	"/bin/sh",
	"/usr/bin/dpkg",
	"/usr/bin/dpkg-deb",
	"/usr/bin/tar",
	"/usr/bin/dpkg-query",
	"/usr/bin/dpkg-split",
	"/bin/rm",
	"/bin/cat",
	"/bin/ln",
	"/bin/mkdir",
	"/bin/rmdir",
	"/bin/mv",
	"/bin/cp",
	"/bin/chmod",
	"/bin/grep",
	"/bin/sed",
	"/bin/uname",
	"/sbin/ldconfig",
	"/usr/bin/diff",
	"/sbin/depmod",
	"/sbin/modprobe",
	"/sbin/modinfo",
	"/sbin/rmmod",
	"/sbin/start-stop-daemon",
	"/usr/bin/basename",
	"/usr/bin/dirname",
	"/usr/bin/test",
	NULL,
};

static const struct cycle_kind package_kind = {
	.name = "package",
	.summary = "install, upgrade and remove a package",
	.keys = keys,
	.programs = programs,
	.create = package_create,
	.destroy = package_destroy,
	.prepare = package_prepare,
	.opening = package_opening,
	.closing = package_closing,
	.step_name = package_step_name,
	.step = package_step,
	.detail = package_detail,
	.subject = package_subject,
};
REGISTER(cycle_kind, package_kind);
