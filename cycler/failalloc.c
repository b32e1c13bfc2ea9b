/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/failalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/error.h"
#include "common/file.h"

#define DEVICE "/dev/bookend-failalloc"

static struct error *no_hooks(const struct failalloc_about *about)
{
	return error_new(ERROR_MISSING,
			 "allocations cannot be made to fail on this kernel: "
			 "should_failslab (%s) and should_fail_alloc_page (%s) cannot be "
			 "hooked; kernels from about 6.10 on need CONFIG_FAILSLAB",
			 strerror(-about->errors[0]), strerror(-about->errors[1]));
}

struct error *failalloc_open(struct failalloc *ret)
{
	_close_ int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	struct failalloc_about about;

	if (fd < 0 && errno == ENOENT)
		return error_new(ERROR_MISSING,
				 "there is no " DEVICE
				 ": the module bookend_failalloc is not loaded");
	if (fd < 0)
		return error_errno(errno, "cannot open " DEVICE);
	if (ioctl(fd, FAILALLOC_ABOUT, &about))
		return error_errno(errno, DEVICE " does not answer");
	if (about.version != FAILALLOC_VERSION)
		return error_new(ERROR_MISSING,
				 "the loaded bookend_failalloc speaks version %u of its "
				 "interface, this program %u",
				 about.version, FAILALLOC_VERSION);
	if (!about.kinds)
		return no_hooks(&about);
	*ret = (struct failalloc){ take_fd(&fd), about.kinds };
	return NULL;
}

void failalloc_close(struct failalloc *f)
{
	cleanup_close(&f->fd);
	f->fd = -1;
}

/* Where a module that is loaded lies: "NAME SIZE REFS DEPS STATE 0xADDRESS". */
static struct error *find_module(struct failalloc_begin *begin)
{
	_free_ char *text = NULL;
	struct error *error = file_read_text("/proc/modules", 8 << 20, &text);
	char *rest = text, *line;

	while (!error && rest && (line = strsep(&rest, "\n"))) {
		char name[FAILALLOC_NAME];
		uint64_t size, base;

		if (sscanf(line, "%63s %" SCNu64 " %*s %*s %*s %" SCNx64, name, &size,
			   &base) != 3 ||
		    strcmp(name, begin->module))
			continue;
		if (!base)
			return error_new(ERROR_MISSING,
					 "/proc/modules hides addresses "
					 "(kernel.kptr_restrict must be 0 or 1, and the "
					 "agent root)");
		begin->base = base;
		begin->size = size;
	}
	return error;
}

struct error *failalloc_begin(struct failalloc *f, const char *module, uint64_t nth,
			      unsigned int flags)
{
	struct failalloc_begin begin = { .version = FAILALLOC_VERSION,
					 .nth = nth,
					 .flags = flags };
	struct error *error = NULL;

	if (module && strlen(module) >= sizeof(begin.module))
		return error_new(ERROR_USAGE, "the module name '%s' is too long", module);
	for (size_t i = 0; module && module[i]; i++)
		begin.module[i] = module[i] == '-' ? '_' : module[i];
	if (module)
		error = find_module(&begin);
	if (error)
		return error;
	if (ioctl(f->fd, FAILALLOC_BEGIN, &begin))
		return error_errno(errno, "cannot watch the allocations of a step%s",
				   errno == EBUSY ? ", another step is being watched"
						  : "");
	return NULL;
}

struct error *failalloc_end(struct failalloc *f, struct failalloc_result *ret)
{
	if (ioctl(f->fd, FAILALLOC_END, ret))
		return error_errno(errno, "cannot end watching allocations");
	for (size_t i = 0; i < FAILALLOC_STACK; i++)
		ret->text[i][FAILALLOC_TEXT - 1] = 0;
	if (ret->frames > FAILALLOC_STACK)
		ret->frames = FAILALLOC_STACK;
	return NULL;
}

static const char *const outcome_names[] = {
	[FAILALLOC_CLEAN] = "clean error",     [FAILALLOC_TOLERATED] = "tolerated",
	[FAILALLOC_OTHER] = "another error",   [FAILALLOC_BROKEN] = "broken afterwards",
	[FAILALLOC_UNREACHED] = "not reached",
};

const char *failalloc_outcome_name(enum failalloc_outcome outcome)
{
	return outcome_names[outcome];
}

static const struct failalloc_operations kernel = { failalloc_begin, failalloc_end };

struct sweeper {
	const struct failalloc_operations *operations;
	struct failalloc *f;
	const char *module;
	unsigned int flags;
	const struct failalloc_step *step;
};

/* The step in a window. *result is its own answer. */
static struct error *watched(const struct sweeper *s, uint64_t nth,
			     struct failalloc_result *ret, int *result)
{
	struct error *error = s->operations->begin(s->f, s->module, nth, s->flags);

	if (error)
		return error;
	*result = s->step->open(s->step->context);
	return s->operations->end(s->f, ret);
}

static enum failalloc_outcome judge(const struct failalloc_site *site)
{
	if (!site->where.kind)
		return FAILALLOC_UNREACHED;
	if (site->afterwards)
		return FAILALLOC_BROKEN;
	if (!site->result)
		return FAILALLOC_TOLERATED;
	return site->result == -ENOMEM ? FAILALLOC_CLEAN : FAILALLOC_OTHER;
}

static struct error *try_site(const struct sweeper *s, struct failalloc_site *site)
{
	void *context = s->step->context;
	int closed = 0;
	struct error *error = watched(s, site->nth, &site->where, &site->result);

	if (error)
		return error;
	if (!site->result)
		closed = s->step->close(context);
	site->afterwards = closed ? closed : s->step->open(context);
	if (!site->afterwards)
		site->afterwards = s->step->close(context);
	site->outcome = judge(site);
	return s->step->site(context, site);
}

/* How many allocations the step makes; it has to work, and to close. */
static struct error *count(const struct sweeper *s, struct failalloc_result *ret)
{
	int result;
	struct error *error = watched(s, 0, ret, &result);

	if (!error && !result)
		result = s->step->close(s->step->context);
	if (!error && result)
		error = error_new(ERROR_INPUT,
				  "the step fails by itself (%s), so its error paths "
				  "cannot be tried",
				  strerror(-result));
	return error;
}

struct error *failalloc_sweep_with(const struct failalloc_operations *operations,
				   struct failalloc *f, const char *module,
				   unsigned int flags, const struct failalloc_step *step,
				   uint64_t first, uint64_t limit,
				   struct failalloc_sweep *ret)
{
	const struct sweeper s = { operations, f, module, flags, step };
	struct failalloc_result once, again;
	struct error *error = count(&s, &once);

	/* the first pass may fill what stays: caches, lazily made tables */
	if (!error)
		error = count(&s, &again);
	if (error)
		return error;
	*ret = (struct failalloc_sweep){ .counted = again.counted,
					 .missed = once.missed + again.missed,
					 .unsteady = once.counted != again.counted };
	for (uint64_t n = first ? first : 1; !error && n <= again.counted; n++) {
		struct failalloc_site site = { .nth = n };

		if (limit && ret->tried >= limit)
			break;
		error = try_site(&s, &site);
		ret->missed += site.where.missed;
		ret->tried += site.where.kind != 0;
		ret->unsteady |= !site.where.kind;
	}
	return error;
}

struct error *failalloc_sweep(struct failalloc *f, const char *module, unsigned int flags,
			      const struct failalloc_step *step, uint64_t first,
			      uint64_t limit, struct failalloc_sweep *ret)
{
	return failalloc_sweep_with(&kernel, f, module, flags, step, first, limit, ret);
}

const char *failalloc_driver_frame(const struct failalloc_result *result,
				   const char *module)
{
	char wanted[FAILALLOC_NAME + 4];

	snprintf(wanted, sizeof(wanted), "[%s]", module);
	for (char *c = wanted; *c; c++)
		if (*c == '-')
			*c = '_';
	for (uint32_t i = 0; i < result->frames; i++)
		if (strstr(result->text[i], wanted))
			return result->text[i];
	return "";
}
