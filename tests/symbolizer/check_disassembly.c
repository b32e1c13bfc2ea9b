/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes around a fault, and what they say of it, on every architecture. */
#include <string.h>

#include "common/strbuf.h"
#include "symbolizer/disassembly.h"
#include "symbolizer/panic.h"
#include "symbolizer/riscv.h"
#include "tests/check_main.h"

static void reads(const char *text, const char *reading, const char *shown)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	struct panic *p;

	ck_assert_ok(panic_parse(text, strlen(text), &log));
	ck_assert_uint_eq(log->count, 1);
	p = &log->panics[0];
	ck_assert_ok(disassembly_read(p));
	ck_assert_ptr_nonnull(p->reading);
	ck_assert_str_eq(p->reading, reading);
	if (!shown)
		return;
	ck_assert_ptr_nonnull(p->assembly);
	ck_assert_msg(strstr(p->assembly, shown), "no '%s' in\n%s", shown, p->assembly);
}

START_TEST(x86_says_register_size_and_offset)
{
	reads("BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
	      "RIP: 0010:f+0x1/0x20\n"
	      "Code: 55 48 89 e5 48 89 fb <c7> 43 08 01 00 00 00 5b 5d c3\n"
	      "RAX: 0000000000000000 RBX: 0000000000000000 RCX: 0000000000000000\n",
	      "write of 4 bytes to NULL + 0x8: rbx holds 0x0",
	      "  ->   +0:  mov dword ptr [rbx + 8], 1\n");
}
END_TEST

START_TEST(poison_and_error_codes_are_named)
{
	reads("general protection fault, probably for non-canonical address\n"
	      "RIP: 0010:f+0x1/0x20\n"
	      "Code: 90 <48> 8b 07 c3\n"
	      "RAX: 0000000000000000 RBX: 0000000000000000\n"
	      "RDI: 6b6b6b6b6b6b6b6b RSI: 0000000000000000\n",
	      "read of 8 bytes from 0x6b6b6b6b6b6b6b6b: rdi holds 0x6b6b6b6b6b6b6b6b, "
	      "freed memory (0x6b poison)",
	      NULL);
	reads("BUG: unable to handle page fault for address: fffffffffffffff4\n"
	      "RIP: 0010:f+0x1/0x20\n"
	      "Code: 90 <48> 8b 07 c3\n"
	      "RAX: 0000000000000000 RDI: fffffffffffffff4\n",
	      "read of 8 bytes from 0xfffffffffffffff4: rdi holds 0xfffffffffffffff4, an "
	      "error code used as a pointer",
	      NULL);
}
END_TEST

START_TEST(what_stops_the_kernel_on_purpose_is_no_access)
{
	reads("kernel BUG at drivers/x.c:12!\n"
	      "RIP: 0010:f+0x1/0x20\n"
	      "Code: 90 90 <0f> 0b c3\n"
	      "RAX: 0000000000000000 RDI: 0000000000000000\n",
	      "the kernel stopped itself (ud2): a BUG or WARN", "->   +0:  ud2");
}
END_TEST

START_TEST(arm64_words_are_numbers)
{
	reads("Unable to handle kernel NULL pointer dereference at virtual address "
	      "0000000000000008\n"
	      "pc : f+0x10/0x40\n"
	      "x29: ffff800011d0bb60 x28: ffff000005d48000 x0 : 0000000000000000\n"
	      "Code: d503201f a9bf7bfd (b9000801) d65f03c0\n",
	      "write of 4 bytes to NULL + 0x8: x0 holds 0x0",
	      "->   +0:  str w1, [x0, #8]");
}
END_TEST

#define ARM                                                                              \
	"Unable to handle kernel NULL pointer dereference at virtual address 0000000c\n" \
	"Internal error: Oops: 17 [#1] SMP ARM\n"                                        \
	"PC is at f+0x18/0x64\n"                                                         \
	"LR is at g+0x3c/0x5c\n"

START_TEST(arm32_reads_its_load_and_wraps_at_32_bits)
{
	reads(ARM "pc : [<c01f3218>]    lr : [<c01f32a0>]    psr: 60000013\n"
		  "sp : cd009d54  ip : cd009d6c  fp : cd009d68\n"
		  "r10: c5cf5dc0  r9 : 00000000  r8 : c024801c\n"
		  "r3 : 00000000  r2 : cd009d8c  r1 : c0955d38  r0 : 00000000\n"
		  "Code: e1a0c00d e92dd800 (e593400c) e24cb004\n",
	      "read of 4 bytes from NULL + 0xc: r3 holds 0x0",
	      "->   +0:  ldr r4, [r3, #0xc]");
	reads(ARM "pc : [<c01f3218>]    lr : [<c01f32a0>]    psr: 60000013\n"
		  "sp : cd009d54  ip : cd009d6c  fp : cd009d68\n"
		  "r10: c5cf5dc0  r9 : 00000000  r8 : c024801c\n"
		  "r3 : 00000000  r2 : 80b0b008  r1 : 9ed90fc0  r0 : 00000000\n"
		  "Code: e34820b0 e5911010 (e7922101)\n",
	      "read of 4 bytes from 0xfc14ef08: r2 holds 0x80b0b008, r1 0x9ed90fc0",
	      NULL);
}
END_TEST

START_TEST(thumb_is_told_by_the_status_register)
{
	reads(ARM "pc : [<c01f3218>]    lr : [<c01f32a0>]    psr: 60000033\n"
		  "sp : cd009d54  ip : cd009d6c  fp : cd009d68\n"
		  "r10: c5cf5dc0  r9 : 00000000  r8 : c024801c\n"
		  "r3 : 00000000  r2 : cd009d8c  r1 : c0955d38  r0 : 00000000\n"
		  "Code: b510 4604 (68d8) bd10\n",
	      "read of 4 bytes from NULL + 0xc: r3 holds 0x0",
	      "->   +0:  ldr r0, [r3, #0xc]");
}
END_TEST

START_TEST(riscv_reads_long_and_compressed_instructions)
{
	static const char start[] =
		"Unable to handle kernel NULL pointer dereference at virtual address "
		"0000000000000010\n"
		"epc : f+0x10/0x40\n"
		" ra : g+0x10/0x40\n"
		"epc : ffffffff80014264 ra : ffffffff80014264 sp : ffff8f8000fd7860\n"
		" gp : ffffffff89f9adc0 tp : ffffaf8014334f80 t0 : ffff8f8000fd7650\n"
		" s1 : ffffaf8037c146d0 a0 : 0000000000000000 a1 : 0000000000000000\n"
		" s11: 0000000000000000 t3 : 0000000000000001 t4 : fffff1ef001faee4\n";
	_strbuf_ struct strbuf text = STRBUF_INIT;

	/* 01053783 ld a5, 16(a0), after the compressed 1141 addi sp, -16 */
	strbuf_addf(&text, "%sCode: 1141 e406 (3783) 0105 8082\n", start);
	reads(strbuf_string(&text), "read of 8 bytes from NULL + 0x10: a0 holds 0x0",
	      "->   +0:  ld a5, 16(a0)");
	/* c90c sw a1, 16(a0) */
	strbuf_truncate(&text, 0);
	strbuf_addf(&text, "%sCode: 1141 (c90c) 8082\n", start);
	reads(strbuf_string(&text), "write of 4 bytes to NULL + 0x10: a0 holds 0x0",
	      "->   +0:  sw a1, 16(a0)");
	strbuf_truncate(&text, 0);
	strbuf_addf(&text, "%sCode: 1141 (9002) 8082\n", start);
	reads(strbuf_string(&text), "the kernel stopped itself (ebreak): a BUG or WARN",
	      "->   +0:  ebreak");
}
END_TEST

START_TEST(riscv_decodes_what_the_manual_says)
{
	static const struct {
		uint32_t word;
		const char *text;
	} cases[] = {
		{ 0xfe843783, "ld a5, -24(s0)" },
		{ 0x00050023, "sb zero, 0(a0)" },
		{ 0xfef42e23, "sw a5, -4(s0)" },
		{ 0x0005a507, "flw fa0, 0(a1)" },
		{ 0x1005272f, "lr.w a4, zero, (a0)" },
		{ 0x70a2, "ld ra, 40(sp)" },
		{ 0xe406, "sd ra, 8(sp)" },
		{ 0x4501, ".2byte 0x4501" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t word = cases[i].word;
		uint8_t bytes[4] = { (uint8_t)word, (uint8_t)(word >> 8),
				     (uint8_t)(word >> 16), (uint8_t)(word >> 24) };
		struct riscv_insn insn;

		ck_assert(riscv_decode(bytes, 4, &insn));
		ck_assert_str_eq(insn.text, cases[i].text);
		ck_assert_uint_eq(insn.length, (word & 3) == 3 ? 4 : 2);
		ck_assert(!riscv_decode(bytes, insn.length - 1, &insn));
	}
}
END_TEST

START_TEST(without_bytes_the_machine_tells_what_was_tried)
{
	reads("BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
	      "#PF: supervisor write access in kernel mode\n"
	      "RIP: 0010:f+0x1/0x20\n",
	      "write to NULL + 0x8", NULL);
	reads("Unable to handle kernel paging request at virtual address "
	      "dead000000000108\n"
	      "Mem abort info:\n  CM = 0, WnR = 0\npc : f+0x1/0x20\n",
	      "read from 0xdead000000000108", NULL);
	reads("Unable to handle kernel NULL pointer dereference at virtual address "
	      "00000034\nInternal error: Oops: 817 [#1] ARM\nPC is at f+0x60/0x648\n",
	      "write to NULL + 0x34", NULL);
	reads("Unable to handle kernel NULL pointer dereference at virtual address "
	      "0000000000000000\n"
	      "epc : f+0x72/0xb2\n"
	      "status: 0000000000000120 badaddr: 0000000000000000 cause: "
	      "000000000000000f\n",
	      "write to NULL", NULL);
}
END_TEST

START_TEST(hostile_bytes_are_left_alone)
{
	static const char *const codes[] = { "<",	   "<48",     "(zz)",
					     "48 8b <07>", "<48> 8b", "<ff>" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
		_strbuf_ struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text,
			    "general protection fault: 0000\nRIP: 0010:f+0x1/0x20\n"
			    "Code: %s\nRAX: 0000000000000000 RBX: 0000000000000000\n",
			    codes[i]);
		ck_assert_ok(panic_parse(text.data, text.length, &log));
		ck_assert_ok(disassembly_read(&log->panics[0]));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("disassembly");
	TCase *tests = tcase_create("disassembly");

	tcase_add_test(tests, x86_says_register_size_and_offset);
	tcase_add_test(tests, poison_and_error_codes_are_named);
	tcase_add_test(tests, what_stops_the_kernel_on_purpose_is_no_access);
	tcase_add_test(tests, arm64_words_are_numbers);
	tcase_add_test(tests, arm32_reads_its_load_and_wraps_at_32_bits);
	tcase_add_test(tests, thumb_is_told_by_the_status_register);
	tcase_add_test(tests, riscv_reads_long_and_compressed_instructions);
	tcase_add_test(tests, riscv_decodes_what_the_manual_says);
	tcase_add_test(tests, without_bytes_the_machine_tells_what_was_tried);
	tcase_add_test(tests, hostile_bytes_are_left_alone);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
