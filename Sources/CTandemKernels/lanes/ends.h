/* The vector at a row's end, of which `left` > 0 elements are in the row. Include a vocabulary
 * first. */
#pragma once

LANES_FN vf load_upto(const float *p, size_t left) {
    return left < LANES ? v_load_part(p, left) : v_load(p);
}
LANES_FN void store_upto(float *p, size_t left, vf x) {
    if (left < LANES) v_store_part(p, left, x);
    else v_store(p, x);
}
