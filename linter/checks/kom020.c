/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/strbuf.h"
#include "common/units.h"
#include "linter/footprint.h"
#include "linter/subject_ko.h"

static void add_pages(struct strbuf *out, const struct elf *elf, uint64_t page)
{
	struct footprint f;

	footprint_measure(elf, page, &f);
	strbuf_adds(out, "pages of ");
	units_add_size(out, page);
	strbuf_adds(out, ": ");
	units_add_size(out, f.core);
	strbuf_adds(out, " stay (");
	units_add_size(out, f.core_exact);
	strbuf_adds(out, " used), ");
	units_add_size(out, f.init);
	strbuf_adds(out, " until init is over");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const uint64_t pages[] = { 4096, 16384, 65536 };
	const struct ko *ko = subject_ko(subject)->ko;
	uint64_t asked = linter->options->page_size;
	_strbuf_ struct strbuf text = STRBUF_INIT;

	/* a kernel's own modules are not the reader's to change */
	if (ko_info(ko, "intree"))
		return NULL;
	for (size_t i = 0; !asked && i < 3; i++) {
		strbuf_adds(&text, i ? "\n" : "");
		add_pages(&text, ko->elf, pages[i]);
	}
	if (asked)
		add_pages(&text, ko->elf, asked);
	return linter_emit(linter, subject,
			   &(struct finding){ .message =
						      "wired memory while it is loaded",
					      .evidence = strbuf_string(&text) });
}

static const struct check kom020 = { .id = "KOM020", .kind = &kind_ko, .run = run };
REGISTER(check, kom020);
