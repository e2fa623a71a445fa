"""What tests of the embedded generator share, and those of models behind an API."""

import importlib.util
import sys
from pathlib import Path

import pytest

TINY = {
    "size": 32,
    "channels": (8, 16),
    "blocks": (1, 1),
    "attention": (1,),
    "text_width": 32,
    "text_layers": 1,
    "head_width": 16,
}
EVERY_TASK = ("depth", "normals", "semantic", "instance", "referring", "generation", "edit")


@pytest.fixture
def one_thread():
    """Threads of small networks wait for each other more than they work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny_stage(one_thread):
    """Make a stage of every task for a network of a few thousand weights."""
    from vbanalysis.mini.network import NetworkConfig
    from vbanalysis.mini.training.stages import Stage

    def make(**changes):
        settings = {
            "name": "tiny",
            "mixture": dict.fromkeys(EVERY_TASK, 1.0),
            "samples": 24,
            "batch": 4,
            "warmup": 0,
            "network": NetworkConfig(**TINY),
        }
        return Stage(**settings | changes)

    return make


@pytest.fixture
def onnx_file(tmp_path):
    """Write a small ONNX network: a chain of nodes from a float picture, by hand: `onnx` is not needed."""

    def field(number, value):
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        value = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(value)) + value

    def varint(value):
        groups = [value >> shift & 127 for shift in range(0, max(value.bit_length(), 1), 7)]
        return bytes([group | 128 for group in groups[:-1]] + groups[-1:])

    def info(name, shape):
        sides = [field(1, field(1, side) if isinstance(side, int) else field(2, side)) for side in shape]
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, b"".join(sides))))

    def attribute(name, value):
        if isinstance(value, int):
            return field(5, field(1, name) + field(3, value) + field(20, 2))
        return field(5, field(1, name) + b"".join(field(8, item) for item in value) + field(20, 7))

    def write(*nodes, shape=(1, 3, 4, 6), inputs=1, name="network.onnx"):
        graph, last = b"", "in0"
        for number, (operation, attributes) in enumerate(nodes):
            last, before = f"out{number}", last
            told = b"".join(attribute(*pair) for pair in attributes.items())
            graph += field(1, field(1, before) + field(2, last) + field(4, operation) + told)
        graph += field(2, "tiny") + b"".join(field(11, info(f"in{k}", shape)) for k in range(inputs))
        if nodes[-1][0] == "ArgMax":  # int64, and the runtime finds the shape
            graph += field(12, field(1, last) + field(2, field(1, field(1, 7))))
        else:
            graph += field(12, field(1, last) + field(2, field(1, field(1, 1))))
        path = tmp_path / name
        path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13)))
        return path

    return write


@pytest.fixture
def tflite_file(tmp_path):
    """Write a TensorFlow Lite network of one operation along the channels: MEAN or ARG_MAX."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    import numpy as np

    def tensor(name, shape, kind, buffer=0, scale=None, zero_point=0):
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, [abs(side) for side in shape], kind, buffer
        made.shapeSignature = list(shape)
        if scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [zero_point]
        return made

    def write(operation="MEAN", shape=(1, 4, 6, 3), scale=None, zero_point=0, name="network.tflite"):
        kinds, operators = schema.TensorType, schema.BuiltinOperator
        kind = kinds.FLOAT32 if scale is None else kinds.UINT8
        axis = schema.BufferT()
        axis.data = np.frombuffer(np.int32(3).tobytes(), np.uint8)
        node, code = schema.OperatorT(), schema.OperatorCodeT()
        node.inputs, node.outputs = [0, 1], [2]
        if operation == "MEAN":
            node.builtinOptionsType, node.builtinOptions = (
                schema.BuiltinOptions.ReducerOptions,
                schema.ReducerOptionsT(),
            )
            node.builtinOptions.keepDims = True
            out = tensor("out", (*shape[:3], 1), kind, 0, scale, zero_point)
        else:
            node.builtinOptionsType, node.builtinOptions = (
                schema.BuiltinOptions.ArgMaxOptions,
                schema.ArgMaxOptionsT(),
            )
            node.builtinOptions.outputType = kinds.INT64
            out = tensor("out", shape[:3], kinds.INT64)
        code.builtinCode = code.deprecatedBuiltinCode = getattr(operators, operation)
        code.version = 2 if scale is not None else 1
        graph = schema.SubGraphT()
        graph.tensors = [
            tensor("in", shape, kind, 0, scale, zero_point),
            tensor("axis", (), kinds.INT32, 1),
            out,
        ]
        graph.inputs, graph.outputs, graph.operators = [0], [2], [node]
        model = schema.ModelT()
        model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
        model.buffers = [schema.BufferT(), axis]
        builder = schema.flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        path = tmp_path / name
        path.write_bytes(bytes(builder.Output()))
        return path

    return write


@pytest.fixture
def card_file(tmp_path):
    """Write a card of a network, its input as the tiny networks have it; None leaves a key out."""
    import yaml

    def write(output, name="network.yaml", layout="NCHW", about="a tiny network", **settings):
        settings = {"layout": layout, "size": [4, 6], **settings}
        told = {key: value for key, value in settings.items() if value is not None}
        path = tmp_path / name
        path.write_text(yaml.safe_dump({"about": about, "input": told, "output": output}))
        return path

    return write


PLANTED_KEY = "AIzaSy-planted/key+of=a&test"
"""That must be found nowhere; with letters that are written otherwise in an address and in JSON."""


@pytest.fixture(scope="session")
def tiny_pipelines():
    """Makers of tiny pipelines of diffusers."""
    pytest.importorskip("diffusers", reason="needs the extra diffusers")
    pytest.importorskip("transformers", reason="needs the extra diffusers")
    spec = importlib.util.spec_from_file_location(
        "tiny_pipelines", Path(__file__).with_name("tiny_pipelines.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def gemini_server(monkeypatch):
    """A server that speaks the Gemini API's protocol, where the models look for Google's; with a key."""
    pytest.importorskip("google.genai", reason="needs the extra gemini")
    path = Path(__file__).with_name("gemini_server.py")
    spec = importlib.util.spec_from_file_location("gemini_server", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gemini_server", module)
    spec.loader.exec_module(module)
    monkeypatch.setenv("GEMINI_API_KEY", PLANTED_KEY)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with module.GeminiServer(key=PLANTED_KEY).running() as server:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
        yield server
