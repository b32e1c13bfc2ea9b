/* SPDX-License-Identifier: GPL-2.0-or-later */
/* write_macho SPEC FILE: see macho_writer.h. */
#include <stdio.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "tests/apple/macho_writer.h"

int main(int argc, char **argv)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	_error_ struct error *error = NULL;
	_free_ char *spec = NULL;

	if (argc != 3)
		return 2;
	error = file_read_text(argv[1], 1 << 20, &spec);
	if (!error)
		error = macho_write(spec, &out);
	if (!error)
		error = file_write(argv[2], out.data, out.length, 0755);
	if (error)
		fprintf(stderr, "write_macho: %s: %s\n", argv[1], error_message(error));
	return error ? 2 : 0;
}
