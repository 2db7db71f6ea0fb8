/* Threads and time: who runs when, and where. */
#define _GNU_SOURCE
#include "shim.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void tandemsys_use_precise_timeouts(void) { (void)prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul); }

void tandemsys_use_short_slices(void) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } own = {0};
    /* A caller that was given another policy, or a nice value, keeps it. */
    long result = syscall(SYS_sched_getattr, 0, &own, sizeof own, 0);
    if (result != 0 || own.policy != SCHED_OTHER) return;
    own.runtime = 100000;
    (void)syscall(SYS_sched_setattr, 0, &own, 0);
}

/* Since when the calling thread is busy. */
static _Thread_local uint64_t busy_since;

void tandemsys_note_rest(uint64_t now_ns) { busy_since = now_ns; }

bool tandemsys_give_way(uint64_t now_ns, uint64_t busy_ns) {
    if (now_ns - busy_since < busy_ns)
        return false;
    sched_yield();
    busy_since = tandemsys_monotonic_ns();
    return true;
}

int tandemsys_set_idle_scheduling(bool idle) {
    struct sched_param parameters = {0};
    int error = pthread_setschedparam(pthread_self(), idle ? SCHED_IDLE : SCHED_OTHER, &parameters);
    return -error;
}

bool tandemsys_join(pthread_t thread, uint64_t nanoseconds) {
    const uint64_t until = tandemsys_monotonic_ns() + nanoseconds;
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    /* It does not know the call below, takes the thread for alive, and gives up when the next one
     * has its number. */
    while (pthread_tryjoin_np(thread, NULL) != 0) {
        if (tandemsys_monotonic_ns() >= until) return false;
        sched_yield();
    }
    return true;
#endif
#endif
    const struct timespec end = timespec_of(until);
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &end) == 0;
}

bool tandemsys_has_idle_scheduling(int thread) { return sched_getscheduler(thread) == SCHED_IDLE; }

/* How often something was served; see tandemsys_note_serving. */
static _Atomic uint64_t served;

void tandemsys_note_serving(void) {
    uint64_t count = atomic_load_explicit(&served, memory_order_relaxed);
    atomic_store_explicit(&served, count + 1, memory_order_relaxed);
}

/* What the calling thread's pauses go by. */
static _Thread_local struct {
    timer_t timer;
    struct itimerspec turn;
    struct timespec idle_pause, busy_pause;
    uint64_t served;
} pausing;

/* Begins the next turn only now: a timer that repeats leaves a thread no turn at all where it wakes
 * late. timer_settime(2) and nanosleep(2) may be called from handlers. */
static void pause_briefly(int signal) {
    (void)signal;
    int error = errno;
    uint64_t before = pausing.served;
    pausing.served = atomic_load_explicit(&served, memory_order_relaxed);
    (void)nanosleep(before == pausing.served ? &pausing.idle_pause : &pausing.busy_pause, NULL);
    (void)timer_settime(pausing.timer, 0, &pausing.turn, NULL);
    errno = error;
}

int tandemsys_begin_pausing(uint64_t turn_ns, uint64_t idle_pause_ns, uint64_t busy_pause_ns) {
    struct sigaction action = {.sa_handler = pause_briefly, .sa_flags = SA_RESTART};
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGVTALRM);
    if (sigaction(SIGVTALRM, &action, NULL) < 0)
        return -errno;
    int error = pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
    if (error != 0)
        return -error;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_MONOTONIC, &event, &pausing.timer) < 0)
        return -errno;
    tandemsys_use_precise_timeouts();
    pausing.idle_pause = timespec_of(idle_pause_ns);
    pausing.busy_pause = timespec_of(busy_pause_ns);
    pausing.served = atomic_load_explicit(&served, memory_order_relaxed);
    pausing.turn = (struct itimerspec){.it_value = timespec_of(turn_ns)};
    if (timer_settime(pausing.timer, 0, &pausing.turn, NULL) < 0) {
        error = errno;
        (void)timer_delete(pausing.timer);
    }
    return -error;
}

void tandemsys_end_pausing(void) { (void)timer_delete(pausing.timer); }

int tandemsys_keep_to_core(int index) {
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        return -errno;
    CPU_ZERO(&one);
    for (int core = 0; core < CPU_SETSIZE; core++) {
        if (!CPU_ISSET(core, &allowed) || index-- > 0)
            continue;
        CPU_SET(core, &one);
        return RESTART(int, sched_setaffinity(0, sizeof one, &one));
    }
    return -EINVAL;
}

int tandemsys_allowed_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

void tandemsys_name_thread(const char *name) {
    char cut[16];
    strncpy(cut, name, sizeof cut - 1);
    cut[sizeof cut - 1] = 0;
    pthread_setname_np(pthread_self(), cut);
}

uint64_t tandemsys_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
