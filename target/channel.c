/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/channel.h"

#include <string.h>

static uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static void copy_in(struct channel_port *port, uint64_t at, const void *data, size_t size)
{
	size_t place = at % port->size, first = port->size - place;

	if (first > size)
		first = size;
	memcpy(port->data + place, data, first);
	memcpy(port->data, (const uint8_t *)data + first, size - first);
}

static void copy_out(const struct channel_port *port, uint64_t at, void *data,
		     size_t size)
{
	size_t place = at % port->size, first = port->size - place;

	if (first > size)
		first = size;
	memcpy(data, port->data + place, first);
	memcpy((uint8_t *)data + first, port->data, size - first);
}

void channel_format(void *memory)
{
	struct channel_header *header = memory;

	*header = (struct channel_header){
		.version = CHANNEL_VERSION,
		.area_offset = CHANNEL_AREA_OFFSET,
		.area_size = CHANNEL_AREA_SIZE,
	};
	store(&header->magic, CHANNEL_MAGIC);
}

bool channel_open(void *memory, size_t size, struct channel *ret)
{
	struct channel_header *header = memory;
	uint8_t *bytes = memory;

	if (size < CHANNEL_AREA_OFFSET || load(&header->magic) != CHANNEL_MAGIC ||
	    header->version != CHANNEL_VERSION || header->area_offset > size ||
	    header->area_size > size - header->area_offset)
		return false;
	*ret = (struct channel){
		.header = header,
		.commands = { &header->commands, bytes + CHANNEL_COMMAND_OFFSET,
			      CHANNEL_COMMAND_SIZE },
		.results = { &header->results, bytes + CHANNEL_RESULT_OFFSET,
			     CHANNEL_RESULT_SIZE },
		.area = bytes + header->area_offset,
		.area_size = header->area_size,
	};
	return true;
}

size_t channel_room(const struct channel_port *port)
{
	uint64_t used = port->ring->head - load(&port->ring->tail);
	size_t room;

	if (used > port->size)
		return 0;
	room = port->size - used;
	if (room < sizeof(struct channel_frame) + 8)
		return 0;
	room = (room - sizeof(struct channel_frame)) & ~(size_t)7;
	return room < CHANNEL_FRAME_LIMIT ? room : CHANNEL_FRAME_LIMIT;
}

bool channel_send(struct channel_port *port, uint32_t type, uint32_t id, const void *data,
		  size_t size)
{
	struct channel_frame frame = { type, id, (uint32_t)size, 0 };
	uint64_t head = port->ring->head;

	if (size > CHANNEL_FRAME_LIMIT || size > channel_room(port))
		return false;
	copy_in(port, head, &frame, sizeof(frame));
	if (size)
		copy_in(port, head + sizeof(frame), data, size);
	store(&port->ring->head, head + sizeof(frame) + padded(size));
	return true;
}

int channel_receive(struct channel_port *port, struct channel_frame *ret, void *payload)
{
	uint64_t tail = port->ring->tail, waiting = load(&port->ring->head) - tail;
	struct channel_frame frame;

	if (!waiting)
		return 0;
	if (waiting > port->size || waiting < sizeof(frame))
		return -1;
	copy_out(port, tail, &frame, sizeof(frame));
	if (frame.size > CHANNEL_FRAME_LIMIT ||
	    padded(frame.size) > waiting - sizeof(frame))
		return -1;
	copy_out(port, tail + sizeof(frame), payload, frame.size);
	store(&port->ring->tail, tail + sizeof(frame) + padded(frame.size));
	*ret = frame;
	return 1;
}
