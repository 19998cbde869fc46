// The baseline for small durable files: creates, writes, syncs and renames each file.
//
//     files FOLDER COUNT BYTES THREADS
//
// Prints JSON at the end: the seconds from the first file to the last, and the processor seconds of this process. Exits
// with 1 if a system call fails. Does not sync directories.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MOST_THREADS = 64 };

static const char *folder;
static long count;
static size_t bytes;
static char *body;
static atomic_long next_file;

static void check(int is_done, const char *call) {
    if (is_done) return;
    perror(call);
    exit(1);
}

static void *work(void *unused) {
    long number;
    while ((number = atomic_fetch_add(&next_file, 1)) < count) {
        char from[4096], to[4096];
        snprintf(from, sizeof from, "%s/%ld.new", folder, number);
        snprintf(to, sizeof to, "%s/%ld", folder, number);
        int file = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        check(file >= 0, "open");
        check(write(file, body, bytes) == (ssize_t)bytes, "write");
        check(fdatasync(file) == 0, "fdatasync");
        check(close(file) == 0, "close");
        check(rename(from, to) == 0, "rename");
    }
    return unused;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int arguments, char **argument) {
    int threads = arguments == 5 ? atoi(argument[4]) : 0;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "usage: see the head of files.c\n");
        return 2;
    }
    folder = argument[1];
    count = atol(argument[2]);
    bytes = (size_t)atol(argument[3]);
    body = malloc(bytes + 1);
    check(body != NULL, "malloc");
    memset(body, 'x', bytes);
    pthread_t workers[MOST_THREADS];
    double began = now();
    for (int i = 0; i < threads; i++) check(pthread_create(&workers[i], NULL, work, NULL) == 0, "pthread_create");
    for (int i = 0; i < threads; i++) pthread_join(workers[i], NULL);
    double seconds = now() - began;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"seconds\": %.6f, \"processor\": %.6f}\n", seconds,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    return 0;
}
