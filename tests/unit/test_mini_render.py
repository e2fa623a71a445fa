from dataclasses import replace

import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.geometry import normals_from_depth, unproject
from vbanalysis.mini.world.graph import CLASSES, STUFF, THINGS, Camera, Light, Room, Scene, Texture, Thing
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import View, axes, render


def paint(grey: float) -> Texture:
    return Texture("plain", ((grey,) * 3, (grey,) * 3))


def thing(kind: str, x: float, z: float, yaw_deg: float = 0.0, size_m=(0.6, 0.6, 0.6)) -> Thing:
    return Thing(kind, "red", paint(0.5), x, z, yaw_deg, size_m)


OPEN = Scene(
    id="test/0",
    camera=Camera(hfov_deg=60.0, height_m=1.5, pitch_deg=-12.0, roll_deg=4.0),
    things=(thing("ball", -0.6, -2.5), thing("box", 0.7, -3.0, yaw_deg=30.0, size_m=(0.7, 0.5, 0.6))),
    ground=paint(0.4),
    room=None,
    lights=(Light((0.0, 1.0, 0.0), None, (0.6, 0.6, 0.6)),),
    ambient=(0.4, 0.4, 0.4),
    sky=((0.2, 0.4, 0.8), (0.7, 0.8, 0.9)),
    noise=0.0,
    noise_seed=1,
)
INDOORS = replace(
    OPEN,
    room=Room(-2.0, 1.8, -5.0, 1.0, 2.6, paint(0.5), paint(0.7)),
    lights=(Light((0.0, 1.0, 0.0), (0.5, 2.3, -2.0), (0.8, 0.8, 0.8)),),
)


def world_points(scene: Scene, view: View) -> np.ndarray:
    """Where in the world each pixel's surface is, from depth, intrinsics and the camera's pose alone."""
    eye, *frame = axes(scene.camera)
    return unproject(view.depth_m.astype(np.float64), view.intrinsics) * (1, -1, -1) @ np.array(frame) + eye


def own_axes(points: np.ndarray, item: Thing) -> np.ndarray:
    """Points seen from a thing: turned back about the vertical, from the middle of its footprint."""
    turn = np.radians(item.yaw_deg)
    x, z = points[:, 0] - item.x, points[:, 2] - item.z
    return np.stack(
        [np.cos(turn) * x - np.sin(turn) * z, points[:, 1], np.sin(turn) * x + np.cos(turn) * z], axis=1
    )


def label(name: str) -> int:
    return CLASSES.index(name)


def test_depth_unprojects_onto_ball_box_and_ground():
    view = render(OPEN, 96)
    points = world_points(OPEN, view)
    ball, box = OPEN.things
    radius = ball.size_m[0] / 2
    to_centre = np.linalg.norm(points[view.instances == 1] - (ball.x, radius, ball.z), axis=1)
    np.testing.assert_allclose(to_centre, radius, atol=1e-5)
    in_box = own_axes(points[view.instances == 2], box) - (0, box.size_m[1] / 2, 0)
    np.testing.assert_allclose(np.abs(in_box / np.array(box.size_m)).max(axis=1), 0.5, atol=1e-5)
    ground = (view.classes == label("ground")) & (view.depth_m < 50)
    assert np.abs(points[ground][:, 1]).max() < 1e-4


def test_depth_unprojects_onto_floor_walls_and_ceiling():
    scene = replace(INDOORS, camera=replace(INDOORS.camera, hfov_deg=100.0, pitch_deg=0.0))
    view, room = render(scene, 64), scene.room
    x, y, z = np.moveaxis(world_points(scene, view), -1, 0)
    assert np.abs(y[view.classes == label("floor")]).max() < 1e-5
    assert np.abs(y[view.classes == label("ceiling")] - room.height_m).max() < 1e-5
    walls = view.classes == label("wall")
    gaps = np.abs([x - room.left_m, x - room.right_m, z - room.back_m]).min(axis=0)
    assert gaps[walls].max() < 1e-5
    assert {"floor", "ceiling", "wall"} <= {CLASSES[k] for k in np.unique(view.classes)}


def test_can_and_cone_are_round_and_as_large_as_they_say():
    can, cone = (
        thing("can", -0.5, -2.5, size_m=(0.4, 0.8, 0.4)),
        thing("cone", 0.5, -2.5, size_m=(0.5, 0.8, 0.5)),
    )
    scene = replace(OPEN, things=(can, cone))
    view = render(scene, 128)
    points = world_points(scene, view)
    for k, item in enumerate(scene.things):
        mine = own_axes(points[view.instances == k + 1], item)
        reach = np.hypot(mine[:, 0], mine[:, 2])
        assert mine[:, 1].min() == pytest.approx(0.0, abs=0.03)
        assert mine[:, 1].max() == pytest.approx(0.8, abs=0.01)
        # Side walls only: neither the caps nor the plate under the cone.
        sides = (mine[:, 1] > 0.06) & (mine[:, 1] < 0.74)
        slope = np.polyfit(mine[sides, 1], reach[sides], 1)
        assert np.abs(np.polyval(slope, mine[sides, 1]) - reach[sides]).max() < 1e-4
        assert slope[0] > 0 if item is can else slope[0] < -0.15


@pytest.mark.parametrize("scene", [OPEN, INDOORS, make_scene("heldout", 3), make_scene("heldout", 4)])
def test_normals_agree_with_the_depth_away_from_edges(scene):
    view = render(scene, 256, samples=1)
    fitted = normals_from_depth(view.depth_m, view.intrinsics, window=5, max_step=0.02)
    # Edges between surfaces, where a plane cannot be fitted: the label or the normal changes.
    # A door's leaf and frame are parallel, so their step shows in neither.
    flat = view.classes != label("door")
    for axis in (0, 1):
        for step in range(-3, 4):
            near = np.roll(view.normals, step, axis)
            flat &= (near * view.normals).sum(axis=-1) > 0.97
            flat &= np.roll(view.instances, step, axis) == view.instances
    cosine = (fitted * view.normals).sum(axis=-1)[flat]
    angles = np.degrees(np.arccos(np.clip(cosine[np.isfinite(cosine)], -1, 1)))
    assert len(angles) > 0.2 * view.classes.size
    assert np.median(angles) < 0.3
    assert np.percentile(angles, 99) < 3


def test_normals_are_unit_vectors_that_face_the_camera():
    view = render(OPEN, 64)
    seen = np.isfinite(view.depth_m)
    rays = unproject(view.depth_m, view.intrinsics)[seen] * (1, -1, -1)
    assert (np.abs(np.linalg.norm(view.normals[seen], axis=-1) - 1) < 1e-6).all()
    assert ((view.normals[seen] * rays).sum(axis=-1) < 0).all()


def test_a_things_pixels_carry_its_class_and_all_else_is_stuff():
    for number in range(6):
        scene = make_scene("heldout", number)
        view = render(scene, 48, samples=1)
        assert {CLASSES[k] for k in np.unique(view.classes[view.instances == 0])} <= set(STUFF)
        for k, item in enumerate(scene.things):
            assert set(view.classes[view.instances == k + 1]) == {label(item.kind)}
        indoors = scene.room is not None
        absent = {"ground", "sky"} if indoors else {"floor", "wall", "ceiling"}
        assert not absent & {CLASSES[k] for k in np.unique(view.classes)}


def test_the_sky_is_infinitely_far_and_has_no_normal():
    view = render(OPEN, 64)
    sky = view.classes == label("sky")
    assert 0.05 < sky.mean() < 0.5
    assert (np.isinf(view.depth_m) == sky).all()
    assert (np.isnan(view.normals).any(axis=-1) == sky).all()
    assert np.isfinite(render(INDOORS, 64).depth_m).all()


def test_a_view_of_another_size_sees_the_same_world():
    small, large = render(OPEN, 32), render(OPEN, 96)
    # The middle one of three by three pixels looks where the small picture's pixel does.
    np.testing.assert_allclose(large.depth_m[1::3, 1::3], small.depth_m, rtol=1e-5)
    np.testing.assert_array_equal(large.instances[1::3, 1::3], small.instances)
    colours = large.rgb.reshape(32, 3, 32, 3, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(colours - small.rgb).mean() < 3


def test_the_field_of_view_covers_the_width():
    view = render(OPEN, (24, 48))
    assert view.rgb.shape == (24, 48, 3)
    width = 2 * np.degrees(np.arctan(24 / view.intrinsics.fx))
    assert width == pytest.approx(OPEN.camera.hfov_deg)
    assert view.intrinsics[1:] == (view.intrinsics.fx, 23.5, 11.5)
    square = render(OPEN, 48)
    np.testing.assert_allclose(square.depth_m[12:36], view.depth_m, rtol=1e-5)


def test_pitch_looks_up_and_roll_turns_the_camera_clockwise():
    level = replace(OPEN, things=(), camera=Camera(60.0, 1.5, 0.0, 0.0))

    def ground(**changes: float) -> np.ndarray:
        view = render(replace(level, camera=replace(level.camera, **changes)), 32)
        return view.classes == label("ground")

    assert ground().mean() == 0.5
    assert ground(pitch_deg=10.0).mean() < 0.45
    rolled = ground(roll_deg=10.0)
    assert rolled[:, 16:].mean() > rolled[:, :16].mean() + 0.05  # its right side sinks and sees more ground


def test_the_same_scene_gives_the_same_picture_and_noise_has_its_strength():
    noisy = replace(OPEN, noise=3.0)
    np.testing.assert_array_equal(render(noisy).rgb, render(noisy).rgb)
    other = render(replace(noisy, noise_seed=2)).rgb.astype(float)
    difference = (render(noisy).rgb - other)[20:]
    assert difference.std() == pytest.approx(3 * np.sqrt(2), rel=0.1)
    np.testing.assert_array_equal(render(noisy).depth_m, render(OPEN).depth_m)


def test_a_mirror_shows_what_is_behind_the_camera_but_is_a_wall():
    red = Texture("plain", ((0.6, 0.02, 0.02),) * 2)
    behind = Thing("ball", "red", red, 0.5, 0.6, 0.0, (0.6, 0.6, 0.6))
    plain = replace(INDOORS, things=(behind,), camera=Camera(60.0, 1.4, 0.0, 0.0))
    plain = replace(plain, room=replace(plain.room, back_m=-2.0))
    mirrored = replace(plain, room=replace(plain.room, mirror=(-1.0, 0.0, 1.0, 2.0)))
    before, after = render(plain, 64), render(mirrored, 64)
    for name in ("depth_m", "normals", "classes", "instances"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    assert not after.instances.any()

    def red_pixels(view: View) -> np.ndarray:
        return view.rgb[..., 0] > view.rgb[..., 1] + 80.0

    assert not red_pixels(before).any()
    assert red_pixels(after).sum() > 10
    assert set(after.classes[red_pixels(after)]) == {label("wall")}


def test_a_thing_shades_the_ground_beside_it():
    sun = Light((0.8, 0.6, 0.0), None, (0.7, 0.7, 0.7))
    lit = replace(OPEN, lights=(sun,), things=(), camera=replace(OPEN.camera, roll_deg=0.0))
    bare, shaded = render(lit, 64), render(replace(lit, things=(thing("box", 0.0, -3.0),)), 64)
    ground = shaded.classes == label("ground")
    darker = ground & (shaded.rgb[..., 0] < 0.75 * bare.rgb[..., 0])
    columns = np.flatnonzero(darker.any(axis=0))
    assert darker.sum() > 20
    assert columns.mean() < 31.5  # away from the sun, which stands on the right
    lighter = ground & (shaded.rgb > bare.rgb + 1.0).any(axis=-1)
    assert lighter.sum() < 0.2 * darker.sum()  # nothing but the box's own edge


def test_every_kind_stands_on_the_ground_within_its_size():
    for kind in THINGS:
        item = thing(kind, 0.0, -2.5, yaw_deg=25.0, size_m=(0.6, 0.9, 0.5) if kind != "ball" else (0.6,) * 3)
        scene = replace(OPEN, things=(item,), camera=Camera(60.0, 0.4, 0.0, 0.0))
        view = render(scene, 128, samples=1)
        mine = own_axes(world_points(scene, view)[view.instances == 1], item)
        assert mine[:, 1].min() == pytest.approx(0.0, abs=0.05), kind
        assert mine[:, 1].max() == pytest.approx(item.size_m[1], abs=0.03), kind
        assert np.abs(mine[:, 0]).max() < item.size_m[0] / 2 + 1e-4, kind
        assert np.abs(mine[:, 2]).max() < item.size_m[2] / 2 + 0.05, kind  # a door's knob sticks out


@pytest.mark.parametrize(("size", "samples"), [(0, 2), ((8, -1), 2), (8, 0), (8.5, 2)])
def test_sizes_that_are_no_picture_are_refused(size, samples):
    with pytest.raises(InputError, match="must be a whole number of at least 1"):
        render(OPEN, size, samples)
