/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logs of every dialect: the first byte chooses a trigger that begins the log, so that
 * each dialect's reader is reached at once. JSON and hashes are made too.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/dialect.h"
#include "symbolizer/disassembly.h"
#include "symbolizer/panic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *trigger(size_t number)
{
	const char *last = "";

	registry_for_each(dialect, it)
	{
		for (const struct pattern *p = (*it)->patterns; p->trigger; p++) {
			last = p->trigger;
			if (!number--)
				return last;
		}
	}
	return "";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	_strbuf_ struct strbuf text = STRBUF_INIT;
	_error_ struct error *error = NULL;

	if (!size)
		return 0;
	strbuf_adds(&text, trigger(data[0]));
	strbuf_add(&text, data + 1, size - 1);
	if (!text.length)
		return 0;
	error = panic_parse(text.data, text.length, &log);
	for (size_t i = 0; !error && i < log->count; i++) {
		json_t *json = NULL;

		error = disassembly_read(&log->panics[i]);
		if (!error)
			error = panic_to_json(&log->panics[i], &json);
		json_decref(json);
	}
	return 0;
}
