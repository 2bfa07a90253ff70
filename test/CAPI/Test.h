/* Test.h - checks that say where they failed */
#ifndef GIRIH_TEST_CAPI_TEST_H
#define GIRIH_TEST_CAPI_TEST_H

#include "girih-c/girih.h"

#include <stdio.h>
#include <string.h>

extern int failures;

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                  \
      ++failures;                                                                                                      \
    }                                                                                                                  \
  } while (0)

GirihText textOf(const char *string);
/* Whether `part` is in the text. */
int contains(GirihText text, const char *part);
int equals(GirihText text, const char *string);

/* One small attention kernel for the first target; NULL and a failure if not. */
GirihKernel *compileSmall(const char *problem);

void testCompile(void);
void testKernelParts(void);
void testFunctions(void);
void testCompileErrors(void);
void testScheduleRule(void);
void testOptimize(void);
void testSimulate(void);
void testSimulateErrors(void);
void testCaptures(void);

#endif
