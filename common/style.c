/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct style style_plain = { "", "", "", "", "", "", "", false, 0 };

static const struct style coloured = {
	"\033[1m",  "\033[2m", "\033[31m", "\033[33m", "\033[32m",
	"\033[36m", "\033[0m", true,	   80,
};

struct style style_for(int fd)
{
	const char *none = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
	const char *terminal = getenv("TERM");
	struct style style = style_plain;
	struct winsize size;
	bool tty = isatty(fd);
	bool dumb = !terminal || !strcmp(terminal, "dumb");

	if (!(none && *none) && ((tty && !dumb) || (force && *force && *force != '0')))
		style = coloured;
	if (!tty)
		style.links = false;
	style.width = 0;
	if (tty)
		style.width =
			ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col;
	return style;
}
