/* Calls functions the way Go does: arguments and results in registers, g in R14. And two such functions, built by hand
 * so that every site is known by its label. */

	.text

/* void call_as_go(struct go_call *call): see go_call.hpp for the layout. */
	.globl call_as_go
	.type call_as_go, @function
call_as_go:
	push %rbp
	mov %rsp, %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	mov %rdi, %r12
	mov 16(%r12), %rax
	mov 24(%r12), %rbx
	mov 32(%r12), %rcx
	mov 48(%r12), %rsi
	mov 56(%r12), %r8
	mov 64(%r12), %r9
	mov 72(%r12), %r10
	mov 80(%r12), %r11
	mov 88(%r12), %rdx
	mov 8(%r12), %r14
	mov 40(%r12), %rdi
	call *(%r12)
	pop %r12
	mov %rax, 16(%r12)
	mov %rbx, 24(%r12)
	mov %rcx, 32(%r12)
	mov %rdi, 40(%r12)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
	.size call_as_go, . - call_as_go

/* One like the other: entry at the push, the closure context (RDX) names a C function and its argument to run inside,
 * then the registers that it asks for are the results. */
	.macro probed_function name
	.globl \name, \name\()_entry, \name\()_return
	.type \name, @function
\name:
	nop
\name\()_entry:
	push %rbp
	mov %rsp, %rbp
	push %r12
	push %r14
	mov %rdx, %r12
	mov 8(%r12), %rdi
	call *(%r12)
	mov 16(%r12), %rax
	mov 24(%r12), %rbx
	mov 32(%r12), %rcx
	pop %r14
	pop %r12
	pop %rbp
\name\()_return:
	ret
	.size \name, . - \name
	.endm

	probed_function probed_outer
	probed_function probed_inner

/* The instructions that stand for runtime.recovery(gp) and runtime.Goexit(). */
	.globl recovery_entry, goexit_entry
	.type recovery_entry, @function
recovery_entry:
	push %rbp
	pop %rbp
	ret
	.size recovery_entry, . - recovery_entry
	.type goexit_entry, @function
goexit_entry:
	push %rbp
	pop %rbp
	ret
	.size goexit_entry, . - goexit_entry

	.section .note.GNU-stack, "", @progbits
