/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/array.h"
#include "common/error.h"
#include "symbolizer/symbolizer.h"

void frames_deinit(struct frames *frames)
{
	for (size_t i = 0; i < frames->count; i++)
		frame_deinit(&frames->items[i]);
	free(frames->items);
	*frames = (struct frames){ 0 };
}

struct error *frames_add(struct frames *frames, const struct frame *frame)
{
	struct error *error;

	if (!array_grow(frames->items, frames->count, frames->capacity))
		return error_nomem();
	error = frame_copy(frame, &frames->items[frames->count]);
	if (!error)
		frames->count++;
	return error;
}
