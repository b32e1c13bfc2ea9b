/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/residue.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"

enum {
	MAX_ENTRIES = 400000, /* of one source */
	MAX_DEPTH = 24,
	MAX_TEXT = 8 << 20,
};

#define OWN_PREFIX "bookend"

/* One thing of one source; sorted by form, then name. */
struct entry {
	uint64_t form; /* hash of the name without its numbers */
	size_t name;   /* offset into names */
};

struct list {
	struct entry *entries;
	size_t count, capacity;
	uint64_t sum; /* of the forms: the same in any order */
	bool absent, cut;
};

struct take;

struct residue_source {
	const char *what;
	const char *path; /* below the root */
	/* Calls add() for each thing there. A source that is not there is `absent`. */
	struct error *(*read)(struct take *take, const char *path);
	/* Folders not to enter: patterns on the path, NULL at the end. */
	const char *const *skip;
	bool brief;	  /* belongs to the fingerprint */
	bool keep_digits; /* numbers are part of what it is */
};

struct residue_snapshot {
	struct list *lists; /* one for each source */
	size_t count;
	struct strbuf names;
};

/* Reading of one source. */
struct take {
	const struct residue_options *options;
	const struct residue_source *source;
	struct list *list;
	struct strbuf *names; /* NULL: only the sum is wanted */
	size_t root;	      /* length of the root's name */
};

static const struct residue_source sources[];
static const size_t source_count;

static bool is_own(const struct take *t, const char *name)
{
	const size_t length = strlen(t->source->what);

	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, OWN_PREFIX, sizeof(OWN_PREFIX) - 1))
			return true;
	}
	for (size_t i = 0; t->options->ignore && t->options->ignore[i]; i++) {
		const char *pattern = t->options->ignore[i];

		if (!strncmp(pattern, t->source->what, length) &&
		    pattern[length] == ':' && !fnmatch(pattern + length + 1, name, 0))
			return true;
	}
	return false;
}

/* FNV-1a over the name, each run of digits taken as one '#'. */
static uint64_t form_of(const char *name, bool keep_digits)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *name; name++) {
		unsigned char c = *name;

		if (!keep_digits && isdigit(c)) {
			while (isdigit((unsigned char)name[1]))
				name++;
			c = '#';
		}
		hash = (hash ^ c) * 0x100000001b3u;
	}
	return hash;
}

/* Spreads the bits, so that sums of forms do not cancel out. */
static uint64_t spread(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

/* @form: what the thing is told by when it is not the name itself. */
static struct error *add_as(struct take *t, const char *name, const char *form)
{
	struct list *l = t->list;
	uint64_t hash = form_of(form, t->source->keep_digits);

	if (is_own(t, name))
		return NULL;
	if (l->count >= MAX_ENTRIES) {
		l->cut = true;
		return NULL;
	}
	l->sum += spread(hash);
	if (!t->names) {
		l->count++;
		return NULL;
	}
	if (!array_grow(l->entries, l->count, l->capacity))
		return error_nomem();
	l->entries[l->count++] = (struct entry){ hash, t->names->length };
	strbuf_add(t->names, name, strlen(name) + 1);
	return strbuf_error(t->names);
}

static struct error *add(struct take *t, const char *name)
{
	return add_as(t, name, name);
}

/* The text of a list in /proc; *ret is NULL when this kernel has none. */
static struct error *read_list(struct take *t, const char *path, char **ret)
{
	*ret = NULL;
	if (access(path, F_OK)) {
		t->list->absent = true;
		return NULL;
	}
	return file_read_text(path, MAX_TEXT, ret);
}

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n && strchr(" \t\r", text[n - 1]))
		text[--n] = 0;
	return text;
}

/* Calls @each for every line of a list. */
static struct error *read_lines(struct take *t, const char *path,
				struct error *(*each)(struct take *t, char *line,
						      size_t number))
{
	_free_ char *text = NULL;
	char *rest, *line;
	size_t number = 0;
	struct error *error = read_list(t, path, &text);

	rest = text;
	while (!error && rest && (line = strsep(&rest, "\n")))
		if (*line)
			error = each(t, line, number++);
	return error;
}

/* The word @index of a line, cut out; NULL when there are not so many. */
static char *word(char *line, size_t index)
{
	char *rest = line, *w;

	while ((w = strsep(&rest, " \t")))
		if (*w && !index--)
			return w;
	return NULL;
}

static struct error *add_first(struct take *t, char *line, size_t number)
{
	char *name = word(line, 0);

	(void)number;
	return name ? add(t, name) : NULL;
}

static struct error *read_first_words(struct take *t, const char *path)
{
	return read_lines(t, path, add_first);
}

static struct error *add_second(struct take *t, char *line, size_t number)
{
	char *name = word(line, 1);

	(void)number;
	return name ? add(t, name) : NULL;
}

static struct error *read_second_words(struct take *t, const char *path)
{
	return read_lines(t, path, add_second);
}

/* "nodev	sysfs" or "	ext4". */
static struct error *add_filesystem(struct take *t, char *line, size_t number)
{
	char *tab = strrchr(line, '\t');

	(void)number;
	return add(t, trim(tab ? tab + 1 : line));
}

static struct error *read_filesystems(struct take *t, const char *path)
{
	return read_lines(t, path, add_filesystem);
}

/* Two headed lists, "Character devices:" and "Block devices:", of numbers and names. */
static struct error *read_majors(struct take *t, const char *path)
{
	_free_ char *text = NULL;
	const char *type = "";
	char *rest, *line;
	struct error *error = read_list(t, path, &text);

	rest = text;
	while (!error && rest && (line = strsep(&rest, "\n"))) {
		char name[256];
		unsigned int number;
		int at = 0;

		if (!strncmp(line, "Character", 9))
			type = "character";
		else if (!strncmp(line, "Block", 5))
			type = "block";
		if (sscanf(line, " %u %n", &number, &at) != 1 || !at)
			continue;
		snprintf(name, sizeof(name), "%s %s (major %u)", type, line + at, number);
		error = add(t, name);
	}
	return error;
}

/*
 * " 24:   0   1  IO-APIC  24-edge  refdrv": counts, one a CPU, are passed over. A line
 * of a numbered interrupt nobody has asked for has no name at its end, and is one of
 * the controller's.
 */
static struct error *add_interrupt(struct take *t, char *line, size_t number)
{
	char *colon = strchr(line, ':'), *at, name[256];

	if (!number || !colon)
		return NULL;
	*colon = 0;
	at = colon + 1;
	for (;;) {
		char *end;

		at += strspn(at, " \t");
		strtoull(at, &end, 10);
		/* "4-edge" is not a count */
		if (end == at || (*end && *end != ' ' && *end != '\t'))
			break;
		at = end;
	}
	line = trim(line);
	snprintf(name, sizeof(name), "%s: %s", line, at);
	return add(t, name);
}

static struct error *read_interrupts(struct take *t, const char *path)
{
	return read_lines(t, path, add_interrupt);
}

/* "  0060-0060 : keyboard": the place may move, the owner counts. */
static struct error *add_region(struct take *t, char *line, size_t number)
{
	char *owner = strstr(line, " : ");

	(void)number;
	return owner ? add_as(t, trim(line), trim(owner + 3)) : NULL;
}

static struct error *read_regions(struct take *t, const char *path)
{
	return read_lines(t, path, add_region);
}

/*
 * A kernel thread's name, from /proc/PID/stat "PID (NAME) STATE PARENT …"; false for
 * processes of users, whose parent is not kthreadd.
 */
static bool thread_name(const char *folder, const char *pid, char *ret, size_t size)
{
	char path[PATH_MAX], text[512], *open, *close;
	int fd, parent = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s/stat", folder, pid);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	cleanup_close(&fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open || sscanf(close + 1, " %*c %d", &parent) != 1)
		return false;
	*close = 0;
	snprintf(ret, size, "%s", open + 1);
	return parent == 2;
}

/*
 * Workers of the shared pools ("kworker/0:1H") come and go as they please; a rescuer
 * ("kworker/R-name", before 6.9 just the queue's name) belongs to its queue.
 */
static bool is_pool_worker(const char *name)
{
	return !strncmp(name, "kworker/", 8) && strncmp(name, "kworker/R-", 10);
}

static struct error *read_threads(struct take *t, const char *path)
{
	_closedir_ DIR *dir = opendir(path);
	struct error *error = NULL;
	struct dirent *d;
	char name[128];

	if (!dir) {
		t->list->absent = true;
		return NULL;
	}
	while (!error && (d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]) &&
		    thread_name(path, d->d_name, name, sizeof(name)) &&
		    !is_pool_worker(name))
			error = add(t, name);
	return error;
}

/* "protocol size sockets memory press maxhdr slab module …": name and owner. */
static struct error *add_protocol(struct take *t, char *line, size_t number)
{
	char protocol[100], owner[100], name[256];

	if (!number ||
	    sscanf(line, "%99s %*s %*s %*s %*s %*s %*s %99s", protocol, owner) != 2)
		return NULL;
	snprintf(name, sizeof(name), "%s of %s", protocol, owner);
	return add(t, name);
}

static struct error *read_protocols(struct take *t, const char *path)
{
	return read_lines(t, path, add_protocol);
}

/* The kernel's own netlink sockets: "sk Eth Pid …" with port 0. */
static struct error *add_netlink(struct take *t, char *line, size_t number)
{
	unsigned int protocol, port;
	char name[64];

	if (!number || sscanf(line, "%*s %u %u", &protocol, &port) != 2 || port)
		return NULL;
	snprintf(name, sizeof(name), "netlink protocol %u", protocol);
	return add(t, name);
}

/* "sl: local_address rem_address st …": who listens, or is bound. */
static struct error *add_inet(struct take *t, char *line, size_t number)
{
	char local[80], name[128];

	if (!number || sscanf(line, "%*s %79s", local) != 1)
		return NULL;
	snprintf(name, sizeof(name), "bound to %s", local);
	return add(t, name);
}

/* "sk RefCnt Type Proto Iface …": taps on the network. */
static struct error *add_packet(struct take *t, char *line, size_t number)
{
	char protocol[16], name[64];

	if (!number || sscanf(line, "%*s %*s %*s %15s", protocol) != 1)
		return NULL;
	snprintf(name, sizeof(name), "packet protocol 0x%s", protocol);
	return add(t, name);
}

static struct error *read_sockets(struct take *t, const char *path)
{
	static const struct {
		const char *name;
		struct error *(*each)(struct take *t, char *line, size_t number);
	} files[] = {
		{ "netlink", add_netlink }, { "packet", add_packet },
		{ "tcp", add_inet },	    { "tcp6", add_inet },
		{ "udp", add_inet },	    { "udp6", add_inet },
	};
	struct error *error = NULL;

	for (size_t i = 0; !error && i < ARRAY_LENGTH(files); i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s/%s", path, files[i].name);
		error = read_lines(t, file, files[i].each);
	}
	return error;
}

/* "N: Number=0 Name=kbd". */
static struct error *add_input_handler(struct take *t, char *line, size_t number)
{
	char *name = strstr(line, "Name=");

	(void)number;
	return name ? add(t, trim(name + 5)) : NULL;
}

static struct error *read_input_handlers(struct take *t, const char *path)
{
	return read_lines(t, path, add_input_handler);
}

/* "Type Device Function": what takes packets of a type, and where. */
static struct error *add_packet_type(struct take *t, char *line, size_t number)
{
	return number ? add(t, trim(line)) : NULL;
}

static struct error *read_packet_types(struct take *t, const char *path)
{
	return read_lines(t, path, add_packet_type);
}

/* Most paths differ before a pattern's first wildcard: only the rest is matched. */
static bool is_skipped(const struct take *t, const char *path)
{
	for (size_t i = 0; t->source->skip && t->source->skip[i]; i++) {
		const char *pattern = t->source->skip[i];
		size_t literal = strcspn(pattern, "*?[\\");

		if (!strncmp(pattern, path, literal) &&
		    !fnmatch(pattern, path, FNM_PATHNAME))
			return true;
	}
	return false;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static bool is_folder(int dir, const struct dirent64 *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return !fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static struct error *walk(struct take *t, char *path, int parent, const char *name,
			  size_t depth);

/* One entry of the folder whose path is the first @length bytes of @path. */
static struct error *visit(struct take *t, char *path, size_t length, int dir,
			   const struct dirent64 *d, size_t depth)
{
	struct error *error = NULL;

	if (length + strlen(d->d_name) + 2 > PATH_MAX || depth >= MAX_DEPTH) {
		t->list->cut = true;
		return NULL;
	}
	path[length] = '/';
	strcpy(path + length + 1, d->d_name);
	if (!is_skipped(t, path + t->root)) {
		error = add(t, path + t->root);
		if (!error && is_folder(dir, d))
			error = walk(t, path, dir, d->d_name, depth + 1);
	}
	path[length] = 0;
	return error;
}

/*
 * All below the folder whose path @path holds; links are entries, and not followed. A
 * folder that goes away meanwhile is no error. By the bare system call: there are
 * thousands of folders, and opendir() makes two calls more for each.
 */
static struct error *walk(struct take *t, char *path, int parent, const char *name,
			  size_t depth)
{
	_close_ int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const size_t length = strlen(path);
	_Alignas(struct dirent64) char buffer[8192];
	struct error *error = NULL;
	ssize_t size, at;

	while (!error && fd >= 0 && (size = getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (at = 0; !error && at < size;) {
			const struct dirent64 *d = (void *)(buffer + at);

			at += d->d_reclen;
			if (!is_dots(d->d_name))
				error = visit(t, path, length, fd, d, depth);
		}
	}
	return error;
}

static struct error *read_tree(struct take *t, const char *path)
{
	char buffer[PATH_MAX];

	if (access(path, F_OK)) {
		t->list->absent = true;
		return NULL;
	}
	snprintf(buffer, sizeof(buffer), "%s", path);
	return walk(t, buffer, AT_FDCWD, path, 0);
}

/* The names in one folder. */
static struct error *read_names(struct take *t, const char *path)
{
	_closedir_ DIR *dir = opendir(path);
	struct error *error = NULL;
	struct dirent *d;

	if (!dir) {
		t->list->absent = true;
		return NULL;
	}
	while (!error && (d = readdir(dir)))
		/* ":0000192" is what several caches were merged into */
		if (!is_dots(d->d_name) && d->d_name[0] != ':')
			error = add(t, d->d_name);
	return error;
}

static const char *const skip_dev[] = {
	"/dev/pts/*", "/dev/shm/*", "/dev/mqueue/*", "/dev/hugepages/*", "/dev/fd",
	"/dev/vcs*",  NULL,
};

/* What has a source of its own, or changes with what users do (virtual consoles come
 * with who looks at them, as a suspend does). */
static const char *const skip_sys[] = {
	"/sys/kernel/debug/*",
	"/sys/kernel/tracing/*",
	"/sys/kernel/slab/*",
	"/sys/kernel/irq/*",
	"/sys/kernel/security/*",
	"/sys/fs/cgroup/*",
	"/sys/fs/bpf/*",
	"/sys/fs/pstore/*",
	"/sys/firmware/efi/efivars/*",
	"/sys/kernel/btf/*",
	"/sys/class/net/*",
	"/sys/class/vc/*",
	"/sys/devices/virtual/vc/*",
	"/sys/dev/char/7:*",
	NULL,
};

static const char *const skip_proc[] = {
	"/proc/[0-9]*", "/proc/self",  "/proc/thread-self", "/proc/net",
	"/proc/irq/*",	"/proc/sys/*", "/proc/acpi/*",	    NULL,
};

static const char *const skip_debug[] = {
	"/sys/kernel/debug/tracing", "/sys/kernel/debug/slab/*",
	"/sys/kernel/debug/bdi/*",   "/sys/kernel/debug/sched/*",
	"/sys/kernel/debug/irq/*",   NULL,
};

static const struct residue_source sources[] = {
	{ "module", "/proc/modules", read_first_words, .brief = true,
	  .keep_digits = true },
	{ "device", "/dev", read_tree, .skip = skip_dev, .brief = true },
	{ "major", "/proc/devices", read_majors, .brief = true },
	{ "misc", "/proc/misc", read_second_words, .brief = true },
	{ "interrupt", "/proc/interrupts", read_interrupts, .brief = true },
	{ "filesystem", "/proc/filesystems", read_filesystems, .brief = true,
	  .keep_digits = true },
	{ "netdev", "/sys/class/net", read_names, .brief = true },
	{ "tty driver", "/proc/tty/drivers", read_first_words, .brief = true,
	  .keep_digits = true },
	{ "input handler", "/proc/bus/input/handlers", read_input_handlers },
	{ "packet type", "/proc/net/ptype", read_packet_types, .keep_digits = true },
	{ "ioport", "/proc/ioports", read_regions },
	{ "iomem", "/proc/iomem", read_regions },
	{ "thread", "/proc", read_threads },
	{ "protocol", "/proc/net/protocols", read_protocols, .keep_digits = true },
	{ "socket", "/proc/net", read_sockets, .keep_digits = true },
	{ "slab", "/sys/kernel/slab", read_names, .keep_digits = true },
	{ "event", "/sys/kernel/tracing/events", read_tree },
	{ "debugfs", "/sys/kernel/debug", read_tree, .skip = skip_debug },
	{ "sysfs", "/sys", read_tree, .skip = skip_sys },
	{ "proc", "/proc", read_tree, .skip = skip_proc },
	{ "sysctl", "/proc/sys", read_tree },
};

static const size_t source_count = ARRAY_LENGTH(sources);

static const char *root_of(const struct residue_options *options)
{
	return options->root ? options->root : "";
}

static struct error *read_source(const struct residue_options *options, size_t index,
				 struct list *list, struct strbuf *names)
{
	struct take t = { options, &sources[index], list, names,
			  strlen(root_of(options)) };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root_of(options), sources[index].path);
	return error_wrap(sources[index].read(&t, path), "looking for %s entries",
			  sources[index].what);
}

static int compare_entries(const void *a, const void *b, void *names)
{
	const struct entry *x = a, *y = b;

	if (x->form != y->form)
		return x->form < y->form ? -1 : 1;
	return strcmp((char *)names + x->name, (char *)names + y->name);
}

struct error *residue_take(const struct residue_options *options,
			   struct residue_snapshot **ret)
{
	_cleanup_(residue_destroy) struct residue_snapshot *s = calloc(1, sizeof(*s));
	struct error *error = NULL;

	if (!s)
		return error_nomem();
	s->lists = calloc(source_count, sizeof(*s->lists));
	if (!s->lists)
		return error_nomem();
	s->count = source_count;
	for (size_t i = 0; !error && i < source_count; i++)
		error = read_source(options, i, &s->lists[i], &s->names);
	if (error)
		return error;
	for (size_t i = 0; i < source_count; i++)
		if (s->lists[i].count)
			qsort_r(s->lists[i].entries, s->lists[i].count,
				sizeof(struct entry), compare_entries, s->names.data);
	*ret = take(s);
	return NULL;
}

void residue_destroy(struct residue_snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < snapshot->count; i++)
		free(snapshot->lists[i].entries);
	free(snapshot->lists);
	strbuf_deinit(&snapshot->names);
	free(snapshot);
}

const char *residue_absent(const struct residue_snapshot *snapshot, size_t index)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (snapshot->lists[i].absent && !index--)
			return sources[i].what;
	return NULL;
}

size_t residue_entries(const struct residue_snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->count; i++)
		count += snapshot->lists[i].count;
	return count;
}

bool residue_cut(const struct residue_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (snapshot->lists[i].cut)
			return true;
	return false;
}

/* Entries of one form: a run within a sorted list. */
struct group {
	const struct entry *first;
	size_t count;
	const char *names;
};

static struct error *append(struct residue_difference *d, const char *what,
			    const char *name, long change)
{
	struct residue_item *last = d->count ? &d->items[d->count - 1] : NULL;
	char *copy;

	if (last && last->what == what && !strcmp(last->name, name)) {
		last->change += change;
		return NULL;
	}
	copy = strdup(name);
	if (!copy || !array_grow(d->items, d->count, d->capacity)) {
		free(copy);
		return error_nomem();
	}
	d->items[d->count++] = (struct residue_item){ what, copy, change, 0 };
	return NULL;
}

/*
 * The group @more has @extra names more than @less: tells the last ones that @less has
 * not. A name that is there several times counts as often.
 */
static struct error *note(struct residue_difference *d, const char *what,
			  const struct group *more, const struct group *less,
			  size_t extra, long change)
{
	struct error *error = NULL;
	size_t j = less->count;

	for (size_t i = more->count; !error && extra && i--;) {
		const char *name = more->names + more->first[i].name;

		while (j && strcmp(less->names + less->first[j - 1].name, name) > 0)
			j--;
		if (j && !strcmp(less->names + less->first[j - 1].name, name)) {
			j--;
			continue;
		}
		error = append(d, what, name, change);
		extra--;
	}
	return error;
}

static struct group group_at(const struct residue_snapshot *s, const struct list *list,
			     size_t at)
{
	size_t n = at;

	while (n < list->count && list->entries[n].form == list->entries[at].form)
		n++;
	return (struct group){ list->entries + at, n - at, s->names.data };
}

static struct error *compare_lists(const char *what, const struct residue_snapshot *a,
				   const struct list *x, const struct residue_snapshot *b,
				   const struct list *y, struct residue_difference *ret)
{
	struct error *error = NULL;
	size_t i = 0, j = 0;

	while (!error && (i < x->count || j < y->count)) {
		uint64_t left = i < x->count ? x->entries[i].form : UINT64_MAX;
		uint64_t right = j < y->count ? y->entries[j].form : UINT64_MAX;
		struct group before = { NULL, 0, a->names.data };
		struct group after = { NULL, 0, b->names.data };

		if (i < x->count && left <= right)
			before = group_at(a, x, i);
		if (j < y->count && right <= left)
			after = group_at(b, y, j);
		if (after.count > before.count)
			error = note(ret, what, &after, &before,
				     after.count - before.count, 1);
		else if (before.count > after.count)
			error = note(ret, what, &before, &after,
				     before.count - after.count, -1);
		i += before.count;
		j += after.count;
	}
	return error;
}

static int compare_items(const void *a, const void *b)
{
	const struct residue_item *x = a, *y = b;
	int order = strcmp(x->what, y->what);

	/* folders before what is in them: '/' sorts before all else */
	for (size_t i = 0; !order; i++) {
		unsigned char c = x->name[i], d = y->name[i];

		if (c != d)
			order = (c == '/' ? 1 : c + 1) - (d == '/' ? 1 : d + 1) -
				(!c ? 1 : 0) + (!d ? 1 : 0);
		else if (!c)
			break;
	}
	return order;
}

static bool is_within(const struct residue_item *item, const struct residue_item *folder)
{
	size_t n = strlen(folder->name);

	return !strcmp(item->what, folder->what) &&
	       (item->change > 0) == (folder->change > 0) && folder->name[0] == '/' &&
	       !strncmp(item->name, folder->name, n) && item->name[n] == '/';
}

/* What lies in a folder that is told is told with it. Items are sorted. */
static void fold(struct residue_difference *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (kept && is_within(&d->items[i], &d->items[kept - 1])) {
			d->items[kept - 1].below += labs(d->items[i].change);
			free(d->items[i].name);
		} else {
			d->items[kept++] = d->items[i];
		}
	}
	d->count = kept;
}

struct error *residue_compare(const struct residue_snapshot *before,
			      const struct residue_snapshot *after,
			      struct residue_difference *ret)
{
	struct error *error = NULL;

	residue_difference_deinit(ret);
	for (size_t i = 0; !error && i < source_count; i++)
		error = compare_lists(sources[i].what, before, &before->lists[i], after,
				      &after->lists[i], ret);
	if (error)
		return error;
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_items);
	fold(ret);
	return NULL;
}

void residue_difference_deinit(struct residue_difference *difference)
{
	for (size_t i = 0; i < difference->count; i++)
		free(difference->items[i].name);
	free(difference->items);
	*difference = (struct residue_difference){ 0 };
}

bool residue_is_path(const struct residue_item *item)
{
	for (size_t i = 0; i < source_count; i++)
		if (sources[i].what == item->what)
			return sources[i].read == read_tree;
	return false;
}

/* Whether a path is there, for one that appeared; or gone, for one that vanished. */
static bool path_persists(const struct residue_options *options,
			  const struct residue_item *item)
{
	char path[PATH_MAX];
	bool there;

	snprintf(path, sizeof(path), "%s%s", root_of(options), item->name);
	there = !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
	return there == (item->change > 0);
}

/* The difference in one source, as it is now. */
static struct error *compare_source(const struct residue_options *options, size_t index,
				    const struct residue_snapshot *before,
				    struct residue_difference *ret)
{
	struct residue_snapshot now = { 0 };
	struct list list = { 0 };
	struct error *error = read_source(options, index, &list, &now.names);

	if (!error && list.count)
		qsort_r(list.entries, list.count, sizeof(struct entry), compare_entries,
			now.names.data);
	if (!error)
		error = compare_lists(sources[index].what, before, &before->lists[index],
				      &now, &list, ret);
	free(list.entries);
	strbuf_deinit(&now.names);
	return error;
}

static bool is_among(const struct residue_difference *d, const struct residue_item *item)
{
	for (size_t i = 0; i < d->count; i++)
		if (!strcmp(d->items[i].name, item->name) &&
		    (d->items[i].change > 0) == (item->change > 0))
			return true;
	return false;
}

struct error *residue_persist(const struct residue_options *options,
			      const struct residue_snapshot *before,
			      struct residue_difference *difference)
{
	_residue_difference_ struct residue_difference now = { 0 };
	struct error *error = NULL;
	const char *read = NULL; /* what `now` is of */
	size_t kept = 0;

	for (size_t i = 0; i < difference->count; i++) {
		struct residue_item *item = &difference->items[i];
		bool persists = residue_is_path(item);

		if (!persists && item->what != read) {
			residue_difference_deinit(&now);
			for (size_t k = 0; !error && k < source_count; k++)
				if (sources[k].what == item->what)
					error = compare_source(options, k, before, &now);
			read = item->what;
		}
		persists = persists ? path_persists(options, item) : is_among(&now, item);
		if (persists)
			difference->items[kept++] = *item;
		else
			free(item->name);
	}
	difference->count = kept;
	return error;
}

struct error *residue_fingerprint(const struct residue_options *options, uint64_t *ret)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < source_count; i++) {
		struct list list = { 0 };
		struct error *error;

		if (!sources[i].brief)
			continue;
		error = read_source(options, i, &list, NULL);
		if (error)
			return error;
		sum += spread(list.sum + i);
	}
	*ret = sum;
	return NULL;
}

/* Folders in which modules, devices, drivers and interrupts have one each. */
static const char *const pulse_folders[] = {
	"/sys/module",	    "/sys/class",      "/sys/devices",	"/sys/devices/platform",
	"/sys/kernel/slab", "/sys/kernel/irq", "/sys/kernel",	"/sys/kernel/debug",
	"/sys/fs",	    "/sys/bus",	       "/proc/irq",	"/proc/driver",
	"/proc/fs",	    "/proc/sys",       "/proc/sys/dev", NULL,
};

/* Short lists, and what tells of damage. */
static const char *const pulse_files[] = { "/proc/devices", "/proc/misc",
					   "/proc/filesystems",
					   "/proc/sys/kernel/tainted", NULL };

/* … and each folder in these. */
static const char *const pulse_parents[] = { "/sys/devices/virtual", "/sys/devices",
					     NULL };

static void pulse_add(struct residue_pulse *pulse, const char *path)
{
	int fd;

	if (pulse->count == RESIDUE_PULSE_FOLDERS)
		return;
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		pulse->folders[pulse->count++] = fd;
}

struct error *residue_pulse_open(const struct residue_options *options,
				 struct residue_pulse *ret)
{
	char path[PATH_MAX];

	ret->count = ret->file_count = 0;
	for (size_t i = 0; pulse_files[i]; i++) {
		snprintf(path, sizeof(path), "%s%s", root_of(options), pulse_files[i]);
		residue_pulse_add_file(ret, path);
	}
	for (size_t i = 0; pulse_folders[i]; i++) {
		snprintf(path, sizeof(path), "%s%s", root_of(options), pulse_folders[i]);
		pulse_add(ret, path);
	}
	for (size_t i = 0; pulse_parents[i]; i++) {
		_closedir_ DIR *dir = NULL;
		struct dirent *d;
		int n = snprintf(path, sizeof(path), "%s%s/", root_of(options),
				 pulse_parents[i]);

		dir = opendir(path);
		while (dir && (d = readdir(dir))) {
			if (is_dots(d->d_name))
				continue;
			snprintf(path + n, sizeof(path) - n, "%s", d->d_name);
			pulse_add(ret, path);
		}
	}
	if (!ret->count)
		return error_new(ERROR_MISSING,
				 "%s/sys and %s/proc hold no folder to "
				 "watch",
				 root_of(options), root_of(options));
	return NULL;
}

void residue_pulse_close(struct residue_pulse *pulse)
{
	while (pulse->count)
		close(pulse->folders[--pulse->count]);
	while (pulse->file_count)
		close(pulse->files[--pulse->file_count]);
}

void residue_pulse_add_file(struct residue_pulse *pulse, const char *path)
{
	int fd = pulse->file_count < RESIDUE_PULSE_FILES
			 ? open(path, O_RDONLY | O_CLOEXEC)
			 : -1;

	if (fd >= 0)
		pulse->files[pulse->file_count++] = fd;
}

/* Of its first page; numbers count, since these lists hold hardly any that move. */
static uint64_t hash_file(int fd)
{
	char text[4096];
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

	text[size > 0 ? size : 0] = 0;
	return form_of(text, true);
}

uint64_t residue_pulse_read(const struct residue_pulse *pulse)
{
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < pulse->count; i++) {
		/* a folder that went away gives its place's bare number */
		if (fstat(pulse->folders[i], &st))
			st.st_nlink = 0;
		sum += spread(((uint64_t)i << 32) + st.st_nlink);
	}
	for (size_t i = 0; i < pulse->file_count; i++)
		sum += spread(hash_file(pulse->files[i]) + i);
	return sum;
}
