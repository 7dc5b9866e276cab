/* See calibration_calls.hpp. */

	.text

/* void make_calibration_calls(const struct calibration_call *call, uint64_t count) */
	.globl make_calibration_calls
	.type make_calibration_calls, @function
make_calibration_calls:
	push %rbx
	push %r12
	push %r13
	push %r14
	sub $8, %rsp
	mov %rdi, %r12
	mov %rsi, %r13
	test %r13, %r13
	jz 2f
1:
	mov 8(%r12), %r14
	mov 16(%r12), %rax
	mov 24(%r12), %rbx
	call *(%r12)
	dec %r13
	jnz 1b
2:
	add $8, %rsp
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	ret
	.size make_calibration_calls, . - make_calibration_calls

	.globl calibration_push
	.type calibration_push, @function
calibration_push:
	push %rbp
	pop %rbp
	ret
	.size calibration_push, . - calibration_push

	.globl calibration_step
	.type calibration_step, @function
calibration_step:
	sub $24, %rsp
	add $24, %rsp
	ret
	.size calibration_step, . - calibration_step

	.globl calibration_pair, calibration_return
	.type calibration_pair, @function
calibration_pair:
	push %rbp
	pop %rbp
calibration_return:
	ret
	.size calibration_pair, . - calibration_pair

	.section .note.GNU-stack, "", @progbits
