cmd_/x/refdrv.o := gcc-12 -Wp,-MMD,/x/.refdrv.o.d -nostdinc -I./include -DKBUILD_STR='"a b"' -c -o /x/refdrv.o /x/refdrv.c ; ./tools/objtool/objtool /x/refdrv.o
