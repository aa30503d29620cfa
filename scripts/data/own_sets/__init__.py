"""Your own pictures with boxes, in whatever form they come: Pascal VOC, YOLO, COCO, CSV, a folder or a zip of any.

any_form.py         `read_any`: what is there, in which form, in parts;  set_report.py  what it says of it
form_*.py           one reader a form;  csv_columns.py  what a table's columns are;  yolo_names.py  the names of YOLO's classes
contact_sheet.py    some pictures of a set drawn with their boxes
box_forms.py        what the readers share;  folder_files.py  which files there are;  unzipped.py  a zip unpacked safely
marked_pictures.py  pictures and boxes checked;  picture_header.py  a picture's size and turn without reading it whole
box_parts.py        training, validation and test parts;  groups.py  what has to stay together in one
"""
