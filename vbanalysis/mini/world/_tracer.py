"""Rays cut with flat arrays of primitives: compiled once, whatever the scene.

A scene comes as float64 tables (`_shapes.Tables` says what is in their columns), so every scene has the same
types. Rays are not normalised: their component along the optical axis is 1, so the distance along a ray is z.
Only this file knows light: Lambert and a little gloss, shadows from a small disc of light, darkening where
surfaces meet, one bounce in a mirror. It is one file because numba's cache of `trace` watches no other.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

SPHERE, BOX, FRUSTUM = 0, 1, 2
"""Shapes of primitives: a capped cylinder or cone is a frustum."""

PATTERNS = (
    "plain",
    "tiles",
    "checker",
    "planks",
    "bricks",
    "stripes",
    "speckle",
    "tape",
    "dots",
    "zigzag",
    "plaid",
)
"""Patterns that can be painted; a material's first column is the place in this list."""

SKY, GROUND, WALL, CEILING = 0, -1, -2, -3
"""What the map of surfaces holds where no thing is; thing k is k + 1."""

_MISS = 1e30
_LIFT = 1e-4  # metres between a surface and the rays that start on it
_SUN_SPREAD, _LAMP_SPREAD_M = 0.05, 0.13
_MEANS = np.array([0.0, 0.1, 0.5, 0.06, 0.16, 0.5, 0.5, 0.1, 0.35, 0.5, 0.44])  # of each pattern's weight

# Inlined into one function, which halves the time: their many scalars are cheap to keep and dear to pass.
_inlined = njit(nogil=True, error_model="numpy", forceinline=True)


@_inlined
def _enter(prims, i, ox, oy, oz, dx, dy, dz):
    """How far the ray goes until it enters primitive `i` from outside."""
    shape = prims[i, 0]
    x, y, z = ox - prims[i, 1], oy - prims[i, 2], oz - prims[i, 3]
    if shape == SPHERE:
        a = dx * dx + dy * dy + dz * dz
        b = x * dx + y * dy + z * dz
        q = b * b - a * (x * x + y * y + z * z - prims[i, 6] ** 2)
        if q <= 0.0:
            return _MISS
        t = (-b - math.sqrt(q)) / a
        return t if t > 0.0 else _MISS
    c, s = prims[i, 4], prims[i, 5]
    u, w, du, dw = c * x - s * z, s * x + c * z, c * dx - s * dz, s * dx + c * dz
    if shape == BOX:
        near, far = 0.0, _MISS
        for k in range(3):
            o, d = (u, du) if k == 0 else (y, dy) if k == 1 else (w, dw)
            half = prims[i, 6 + k]
            if abs(d) < 1e-12:
                if abs(o) > half:
                    return _MISS
                continue
            t0, t1 = (-half - o) / d, (half - o) / d
            near, far = max(near, min(t0, t1)), min(far, max(t0, t1))
            if near >= far:
                return _MISS
        return near if near > 0.0 else _MISS
    base, height, top = prims[i, 6], prims[i, 7], prims[i, 8]
    slope = (top - base) / height
    e, de = base + slope * y, slope * dy
    a, b = du * du + dw * dw - de * de, u * du + w * dw - e * de
    q = b * b - a * (u * u + w * w - e * e)
    best = _MISS
    if q > 0.0 and abs(a) > 1e-12:
        root = math.sqrt(q)
        for t in ((-b - root) / a, (-b + root) / a):
            if 0.0 < t < best and 0.0 <= y + t * dy <= height and e + t * de >= 0.0:
                best = t
    if abs(dy) > 1e-12:
        cap, radius = (height, top) if dy < 0.0 else (0.0, base)
        t = (cap - y) / dy
        if 0.0 < t < best and (u + t * du) ** 2 + (w + t * dw) ** 2 <= radius * radius:
            best = t
    return best


@_inlined
def _first(prims, bounds, ox, oy, oz, dx, dy, dz, reach, any_hit):
    """Distance to and place of the first primitive within `reach`, or of any one; -1 if there is none."""
    best, which = reach, -1
    a = dx * dx + dy * dy + dz * dz
    for k in range(bounds.shape[0]):
        x, y, z = ox - bounds[k, 0], oy - bounds[k, 1], oz - bounds[k, 2]
        b = x * dx + y * dy + z * dz
        c = x * x + y * y + z * z - bounds[k, 3]
        if c > 0.0 and (b > 0.0 or b * b < a * c):
            continue
        for i in range(int(bounds[k, 4]), int(bounds[k, 5])):
            t = _enter(prims, i, ox, oy, oz, dx, dy, dz)
            if t < best:
                best, which = t, i
                if any_hit:
                    return best, which
    return best, which


@_inlined
def _shell(shell, ox, oy, oz, dx, dy, dz):
    """Distance to ground, wall or ceiling and the face: 0 sky, 1 ground, 2 ceiling, 3 to 6 walls."""
    best, face = _MISS, 0
    if dy < -1e-12:
        best, face = -oy / dy, 1
    if shell[0] == 0.0:
        return best, face
    if dy > 1e-12:
        best, face = (shell[5] - oy) / dy, 2
    if abs(dx) > 1e-12:
        t = ((shell[1] if dx < 0.0 else shell[2]) - ox) / dx
        if t < best:
            best, face = t, 3 if dx < 0.0 else 4
    if abs(dz) > 1e-12:
        t = ((shell[3] if dz < 0.0 else shell[4]) - oz) / dz
        if t < best:
            best, face = t, 5 if dz < 0.0 else 6
    return best, face


@_inlined
def _surface(prims, i, px, py, pz):
    """Outward normal of primitive `i` at a point of its surface, and texture coordinates in metres."""
    x, y, z = px - prims[i, 1], py - prims[i, 2], pz - prims[i, 3]
    c, s = prims[i, 4], prims[i, 5]
    u, w = c * x - s * z, s * x + c * z
    if prims[i, 0] == SPHERE:
        r = prims[i, 6]
        return x / r, y / r, z / r, math.atan2(u, w) * r, y
    if prims[i, 0] == BOX:
        gap_u = prims[i, 6] - abs(u)
        gap_y = prims[i, 7] - abs(y)
        gap_w = prims[i, 8] - abs(w)
        if gap_y <= gap_u and gap_y <= gap_w:
            return 0.0, 1.0 if y > 0 else -1.0, 0.0, u, w
        if gap_u <= gap_w:
            sign = 1.0 if u > 0 else -1.0
            return c * sign, 0.0, -s * sign, w, y
        sign = 1.0 if w > 0 else -1.0
        return s * sign, 0.0, c * sign, u, y
    base, height, top = prims[i, 6], prims[i, 7], prims[i, 8]
    if y > height - 1e-7:
        return 0.0, 1.0, 0.0, u, w
    if y < 1e-7:
        return 0.0, -1.0, 0.0, u, w
    slope = (top - base) / height
    rho = max(math.sqrt(u * u + w * w), 1e-9)
    length = math.sqrt(1.0 + slope * slope)
    return x / rho / length, -slope / length, z / rho / length, math.atan2(u, w) * base, y


@_inlined
def _random(i, j, seed):
    """A number in [0, 1) that belongs to the cell (i, j)."""
    h = np.int64(i) * 374761393 + np.int64(j) * 668265263 + np.int64(seed) * 1442695041
    h = (h ^ (h >> 13)) * 1274126177
    h = (h ^ (h >> 16)) * 374761393
    return ((h ^ (h >> 15)) & 0xFFFFFF) / 16777216.0


@_inlined
def _clouds(u, v, seed):
    """Smooth noise with features of unit size, in [0, 1]."""
    i, j = math.floor(u), math.floor(v)
    s, t = u - i, v - j
    s, t = s * s * (3.0 - 2.0 * s), t * t * (3.0 - 2.0 * t)
    low = _random(i, j, seed) * (1.0 - s) + _random(i + 1, j, seed) * s
    high = _random(i, j + 1, seed) * (1.0 - s) + _random(i + 1, j + 1, seed) * s
    return low * (1.0 - t) + high * t


@_inlined
def _pattern(kind, u, v, seed):
    """Weight of the second colour, and a factor on both, at (u, v) cells."""
    i, j = math.floor(u), math.floor(v)
    s, t = u - i, v - j
    if kind == 1:  # tiles
        return (1.0 if min(s, t) < 0.05 else 0.0), 0.94 + 0.12 * _random(i, j, seed)
    if kind == 2:  # checker
        return 1.0 if (int(i) + int(j)) % 2 else 0.0, 1.0
    if kind == 3:  # planks, five times as long as they are wide
        along = v / 5.0 + _random(i, 7, seed)
        end = math.floor(along)
        grain = 0.1 * _clouds(u * 9.0, v * 0.7, seed)
        shade = 0.82 + 0.26 * _random(i, end, seed) + grain
        return (1.0 if s < 0.04 or along - end < 0.01 else 0.0), shade
    if kind == 4:  # bricks, three times as long as they are high
        along = u / 3.0 + 0.5 * (int(j) % 2)
        end = math.floor(along)
        return (1.0 if t < 0.1 or along - end < 0.035 else 0.0), 0.88 + 0.24 * _random(end, j, seed)
    if kind == 5:  # stripes
        return 1.0 if s < 0.5 else 0.0, 1.0
    if kind == 6:  # speckle
        return 0.6 * _clouds(u, v, seed) + 0.4 * _clouds(3.1 * u, 3.1 * v, seed + 1), 1.0
    if kind == 7:  # tape along the middle
        return 1.0 if abs(u) < 0.09 else 0.0, 1.0
    if kind == 8:  # dots
        return 1.0 if (s - 0.5) ** 2 + (t - 0.5) ** 2 < 0.11 else 0.0, 1.0
    if kind == 9:  # zigzag
        k = v + abs(s - 0.5)
        return 1.0 if k - math.floor(k) < 0.5 else 0.0, 1.0
    return (0.55 if s < 0.4 else 0.0) + (0.45 if t < 0.4 else 0.0), 1.0  # plaid


@_inlined
def _paint(materials, m, u, v, footprint):
    """Albedo of material `m` at (u, v) metres, seen by a pixel that covers `footprint` metres."""
    kind = int(materials[m, 0])
    r, g, b = materials[m, 1], materials[m, 2], materials[m, 3]
    if kind == 0:
        return r, g, b
    scale, seed = materials[m, 7], int(materials[m, 8])
    # What is finer than a pixel is seen as its mean, or it would flicker.
    keep = min(max(scale / (2.0 * footprint) - 0.5, 0.0), 1.0)
    weight, shade = _MEANS[kind], 1.0
    if keep > 0.0:
        w, f = _pattern(kind, u / scale, v / scale, seed)
        weight, shade = weight + keep * (w - weight), 1.0 + keep * (f - 1.0)
    r = (r + weight * (materials[m, 4] - r)) * shade
    g = (g + weight * (materials[m, 5] - g)) * shade
    b = (b + weight * (materials[m, 6] - b)) * shade
    return r, g, b


@_inlined
def _sky(sky, dx, dy, dz):
    """Colour of the sky towards (dx, dy, dz)."""
    rise = max(dy / math.sqrt(dx * dx + dy * dy + dz * dz), 0.0)
    w = math.sqrt(rise)
    return (
        sky[3] + w * (sky[0] - sky[3]),
        sky[4] + w * (sky[1] - sky[4]),
        sky[5] + w * (sky[2] - sky[5]),
    )


@_inlined
def _nearness(shell, bounds, face, px, py, pz, nx, ny, nz):
    """How much of the light from everywhere reaches a point of the shell, between 0 and 1."""
    open_share = 1.0
    for k in range(bounds.shape[0]):
        x, y, z = bounds[k, 0] - px, bounds[k, 1] - py, bounds[k, 2] - pz
        up = x * nx + y * ny + z * nz
        if up > 0.0:
            d2 = x * x + y * y + z * z
            size = bounds[k, 6]
            open_share *= 1.0 - 0.75 * min(up * size * size / (d2 * math.sqrt(d2)), 1.0)
    if shell[0] != 0.0:
        sides = min(px - shell[1], shell[2] - px) if face not in (3, 4) else _MISS
        ends = min(pz - shell[3], shell[4] - pz) if face not in (5, 6) else _MISS
        levels = min(py, shell[5] - py) if face > 2 else _MISS
        open_share *= 1.0 - 0.3 * math.exp(-min(sides, ends, levels) / 0.25)
    return open_share


@_inlined
def _shade(
    prims, bounds, lights, ambient, px, py, pz, nx, ny, nz, ex, ey, ez, r, g, b, gloss, open_share, jx, jz
):
    """Light that leaves a point with albedo (r, g, b) towards the unit vector (ex, ey, ez)."""
    # More light from above than from below, which only reflects it.
    sphere = (0.8 + 0.2 * ny) * open_share
    ir, ig, ib = ambient[0] * sphere, ambient[1] * sphere, ambient[2] * sphere
    shine_r, shine_g, shine_b = 0.0, 0.0, 0.0
    qx, qy, qz = px + _LIFT * nx, py + _LIFT * ny, pz + _LIFT * nz
    for k in range(lights.shape[0]):
        lx, ly, lz = lights[k, 1], lights[k, 2], lights[k, 3]
        power, reach = 1.0, _MISS
        if lights[k, 0] == 0.0:
            lx, lz = lx + _SUN_SPREAD * jx, lz + _SUN_SPREAD * jz
            distance = math.sqrt(lx * lx + ly * ly + lz * lz)
        else:
            lx, ly, lz = lx + _LAMP_SPREAD_M * jx - px, ly - py, lz + _LAMP_SPREAD_M * jz - pz
            distance = math.sqrt(lx * lx + ly * ly + lz * lz)
            power, reach = 7.0 / (distance * distance + 3.0), distance
        lx, ly, lz = lx / distance, ly / distance, lz / distance
        facing = lx * nx + ly * ny + lz * nz
        if facing <= 0.0:
            continue
        _, blocker = _first(prims, bounds, qx, qy, qz, lx, ly, lz, reach, True)
        if blocker >= 0:
            continue
        ir += power * facing * lights[k, 4]
        ig += power * facing * lights[k, 5]
        ib += power * facing * lights[k, 6]
        if gloss > 0.0:
            hx, hy, hz = lx + ex, ly + ey, lz + ez
            half = (hx * nx + hy * ny + hz * nz) / math.sqrt(hx * hx + hy * hy + hz * hz)
            if half > 0.0:
                shine = gloss * power * half**48
                shine_r += shine * lights[k, 4]
                shine_g += shine * lights[k, 5]
                shine_b += shine * lights[k, 6]
    return r * ir + shine_r, g * ig + shine_g, b * ib + shine_b


@_inlined
def _look(prims, bounds, materials, shell, lights, sky, ambient, ox, oy, oz, dx, dy, dz, pixel, jx, jz):
    """Linear colour that comes along a ray; `pixel` is a pixel's size at unit distance."""
    share = 1.0
    travelled = 0.0
    for _ in range(2):
        limit, face = _shell(shell, ox, oy, oz, dx, dy, dz)
        t, i = _first(prims, bounds, ox, oy, oz, dx, dy, dz, limit, False)
        if i < 0 and face == 0:
            r, g, b = _sky(sky, dx, dy, dz)
            return share * r, share * g, share * b
        px, py, pz = ox + t * dx, oy + t * dy, oz + t * dz
        mirror = share == 1.0 and i < 0 and face == 5 and shell[6] != 0.0
        if mirror and shell[7] < px < shell[9] and shell[8] < py < shell[10]:
            rim = min(px - shell[7], shell[9] - px, py - shell[8], shell[10] - py)
            if rim > 0.03:
                ox, oy, oz, dz = px, py, pz + _LIFT, -dz
                share, travelled = 0.88, t
                continue
        travelled += t
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        ex, ey, ez = -dx / length, -dy / length, -dz / length
        gloss, open_share, haze = 0.0, 1.0, 0.0
        if i >= 0:
            nx, ny, nz, u, v = _surface(prims, i, px, py, pz)
            m = int(prims[i, 9])
            gloss = materials[m, 9]
            # The sides of a thing near the ground are darker too.
            open_share = 1.0 - 0.25 * math.exp(-py / 0.12) * (1.0 - abs(ny))
        else:
            nx, ny, nz, u, v, m = 0.0, 0.0, 0.0, px, pz, 0
            if face == 1:
                ny = 1.0
                if shell[0] == 0.0:
                    haze = 1.0 - math.exp(-travelled / 60.0)
            elif face == 2:
                ny, m = -1.0, 2
            elif face <= 4:
                nx, u, v, m = (1.0 if face == 3 else -1.0), pz, py, 1
            else:
                nz, v, m = (1.0 if face == 5 else -1.0), py, 1
            open_share = _nearness(shell, bounds, face, px, py, pz, nx, ny, nz)
        slant = max(ex * nx + ey * ny + ez * nz, 0.05)
        if mirror and shell[7] < px < shell[9] and shell[8] < py < shell[10]:
            r, g, b = 0.3, 0.3, 0.3
        else:
            r, g, b = _paint(materials, m, u, v, travelled * pixel / math.sqrt(slant))
        r, g, b = _shade(
            prims,
            bounds,
            lights,
            ambient,
            px,
            py,
            pz,
            nx,
            ny,
            nz,
            ex,
            ey,
            ez,
            r,
            g,
            b,
            gloss,
            open_share,
            jx,
            jz,
        )
        r, g, b = r + haze * (sky[3] - r), g + haze * (sky[4] - g), b + haze * (sky[5] - b)
        return share * r, share * g, share * b
    return 0.0, 0.0, 0.0


def _trace(prims, bounds, materials, shell, lights, sky, ambient, camera, focal, height, width, samples):
    """See a scene with a pinhole camera.

    Args:
        prims, bounds, materials, shell, lights, sky, ambient: The arrays of `_shapes.Tables`.
        camera: (4, 3) position, right, up and back axes in the world.
        focal: Focal length in pixels.
        height: Rows of the picture.
        width: Columns of the picture.
        samples: Rays across a pixel, so `samples**2` in all, for the colour.

    Returns:
        (H, W, 3) float64 linear colour; (H, W) float64 z, 1e30 in the sky; (H, W, 3) float64 normals in the
        camera's axes, zero in the sky; (H, W) int32 surfaces.
    """
    colour = np.zeros((height, width, 3))
    depth = np.empty((height, width))
    normals = np.zeros((height, width, 3))
    surfaces = np.zeros((height, width), np.int32)
    ox, oy, oz = camera[0, 0], camera[0, 1], camera[0, 2]
    rays = samples * samples
    jitter = np.empty((rays, 2))
    for k in range(rays):
        radius, angle = math.sqrt((k + 0.5) / rays), 2.39996 * k
        jitter[k] = radius * math.cos(angle), radius * math.sin(angle)
    for row in range(height):
        for column in range(width):
            for k in range(-1, rays):
                x, y = column - (width - 1) / 2, (height - 1) / 2 - row
                if k >= 0:
                    x += (k % samples + 0.5) / samples - 0.5
                    y += (k // samples + 0.5) / samples - 0.5
                x, y = x / focal, y / focal
                dx = x * camera[1, 0] + y * camera[2, 0] - camera[3, 0]
                dy = x * camera[1, 1] + y * camera[2, 1] - camera[3, 1]
                dz = x * camera[1, 2] + y * camera[2, 2] - camera[3, 2]
                if k >= 0:
                    r, g, b = _look(
                        prims,
                        bounds,
                        materials,
                        shell,
                        lights,
                        sky,
                        ambient,
                        ox,
                        oy,
                        oz,
                        dx,
                        dy,
                        dz,
                        1 / focal,
                        jitter[k, 0],
                        jitter[k, 1],
                    )
                    colour[row, column, 0] += r / rays
                    colour[row, column, 1] += g / rays
                    colour[row, column, 2] += b / rays
                    continue
                limit, face = _shell(shell, ox, oy, oz, dx, dy, dz)
                t, i = _first(prims, bounds, ox, oy, oz, dx, dy, dz, limit, False)
                depth[row, column] = t
                nx, ny, nz = 0.0, 0.0, 0.0
                if i >= 0:
                    nx, ny, nz, _, _ = _surface(prims, i, ox + t * dx, oy + t * dy, oz + t * dz)
                    surfaces[row, column] = int(prims[i, 10]) + 1
                elif face == 1:
                    ny, surfaces[row, column] = 1.0, GROUND
                elif face == 2:
                    ny, surfaces[row, column] = -1.0, CEILING
                elif face > 4:
                    nz, surfaces[row, column] = (1.0 if face == 5 else -1.0), WALL
                elif face > 2:
                    nx, surfaces[row, column] = (1.0 if face == 3 else -1.0), WALL
                for axis in range(3):
                    normals[row, column, axis] = (
                        nx * camera[axis + 1, 0] + ny * camera[axis + 1, 1] + nz * camera[axis + 1, 2]
                    )
    return colour, depth, normals, surfaces


try:
    trace = njit(nogil=True, cache=True, error_model="numpy")(_trace)
except RuntimeError:  # there is no folder to keep compiled code in: compile it each time
    trace = njit(nogil=True, error_model="numpy")(_trace)
