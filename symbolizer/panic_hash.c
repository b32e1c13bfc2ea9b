/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buckets. The strict hash is over the title and the reliable frames of the guilty
 * stack, helpers left out; the loose one over the type and the first three frames that
 * are a module's (of the kernel, where no module is on the stack). Addresses, offsets
 * and compilers' suffixes count for nothing.
 */
#include <stdio.h>
#include <string.h>

#include "symbolizer/blame.h"
#include "symbolizer/panic_model.h"

enum { STRICT_FRAMES = 24, LOOSE_FRAMES = 3 };

static void mix(uint64_t *hash, const char *text)
{
	for (; *text; text++)
		*hash = (*hash ^ (uint8_t)*text) * 0x100000001b3;
	*hash = (*hash ^ 0xff) * 0x100000001b3;
}

static bool counts(const struct frame *frame)
{
	return frame->function && frame->kind != FRAME_GUESSED &&
	       frame->kind != FRAME_INLINE && !blame_is_helper(frame->function);
}

static int mix_frames(uint64_t *hash, const struct panic *p, int most, bool modules)
{
	const struct panic_context *context = panic_guilty_context(p);
	int count = 0;

	for (size_t i = 0; context && i < context->frames.count && count < most; i++) {
		const struct frame *frame = &context->frames.items[i];
		char name[128];

		if ((modules && !frame->module) || !counts(frame))
			continue;
		blame_normalize(frame->function, name, sizeof(name));
		mix(hash, name);
		count++;
	}
	return count;
}

void panic_hash(struct panic *p)
{
	uint64_t strict = 0xcbf29ce484222325, loose = strict;

	mix(&strict, p->title ? p->title : "");
	mix_frames(&strict, p, STRICT_FRAMES, false);
	mix(&loose, p->type ? p->type : "");
	if (!mix_frames(&loose, p, LOOSE_FRAMES, true) &&
	    !mix_frames(&loose, p, LOOSE_FRAMES, false))
		mix(&loose, p->title ? p->title : "");
	snprintf(p->hash_strict, sizeof(p->hash_strict), "%016llx",
		 (unsigned long long)strict);
	snprintf(p->hash_loose, sizeof(p->hash_loose), "%016llx",
		 (unsigned long long)loose);
}
