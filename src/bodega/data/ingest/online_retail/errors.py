"""Why a file is refused as a whole.

FileRefused (Invalid)
├── WrongHeader   not the columns of an Online Retail file
├── EmptyFile     nothing in it
└── BrokenFile    cannot be read to its end
"""

from bodega.kernel.errors import Conflict, Invalid


class FileRefused(Invalid):
    code = "import_file_refused"
    title = "The file cannot be imported: nothing was loaded"


class WrongHeader(FileRefused):
    code = "import_header_wrong"


class EmptyFile(FileRefused):
    code = "import_file_empty"


class BrokenFile(FileRefused):
    code = "import_file_broken"


class SkuTaken(Conflict):
    code = "import_sku_taken"
    title = "Another product of the shop has a SKU of the file"
