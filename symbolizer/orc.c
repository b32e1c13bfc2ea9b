/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/orc.h"

#include <stdio.h>

enum { PLACE_SIZE = 4, ENTRY_SIZE = 6 };

enum orc_layout orc_layout_of(const char *release)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return ORC_6_0;
	if (major > 6 || (major == 6 && minor >= 4))
		return ORC_6_4;
	return major == 6 && minor == 3 ? ORC_6_3 : ORC_6_0;
}

static uint64_t place_at(const struct orc_table *table, size_t number)
{
	int32_t distance = 0;

	span_read(table->places, number * PLACE_SIZE, &distance, sizeof(distance));
	return table->base + number * PLACE_SIZE + (uint64_t)(int64_t)distance;
}

/* Types of before 6.4 are two bits with a mark for the end of the stack besides. */
static enum orc_type type_of(enum orc_layout layout, unsigned int bits)
{
	static const enum orc_type since_6_4[8] = { ORC_NONE, ORC_END,		ORC_CALL,
						    ORC_REGS, ORC_REGS_PARTIAL, ORC_NONE,
						    ORC_NONE, ORC_NONE };
	static const enum orc_type before[4] = { ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL,
						 ORC_NONE };
	unsigned int end = layout == ORC_6_3 ? 11 : 10;

	if (layout == ORC_6_4)
		return since_6_4[bits >> 8 & 7];
	return bits >> end & 1 ? ORC_END : before[bits >> 8 & 3];
}

bool orc_find(const struct orc_table *table, uint64_t address, struct orc_entry *ret)
{
	size_t low = 0, high = table->places.size / PLACE_SIZE;
	uint8_t bytes[ENTRY_SIZE];
	unsigned int bits;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (place_at(table, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !span_read(table->entries, (low - 1) * ENTRY_SIZE, bytes, ENTRY_SIZE))
		return false;
	bits = bytes[4] | (unsigned int)bytes[5] << 8;
	*ret = (struct orc_entry){
		.sp_offset = (int16_t)(bytes[0] | bytes[1] << 8),
		.bp_offset = (int16_t)(bytes[2] | bytes[3] << 8),
		.sp = bits & 15,
		.bp = bits >> 4 & 15,
		.type = type_of(table->layout, bits),
	};
	/* Before 6.4 a place without a rule has no register to go by. */
	if (ret->type == ORC_CALL && ret->sp == ORC_UNDEFINED)
		ret->type = ORC_NONE;
	return ret->type != ORC_NONE;
}
